import { expect } from 'chai';
import { type Turn, Turns } from '../../src/artifact/turns.ts';
import { turn as eventLoopTurn } from '../support/outcome.ts';

describe('Turns', () => {
  /** Asks for places, and keeps a list of who got one. */
  function asking(turns: Turns): { got: string[]; ask: (group: string) => void; held: Map<string, Turn[]> } {
    const got: string[] = [];
    const held = new Map<string, Turn[]>();
    const ask = (group: string): void => {
      void turns.take(group).then((turn) => {
        got.push(group);
        held.set(group, [...(held.get(group) ?? []), turn]);
      });
    };
    return { got, ask, held };
  }

  it('go round among groups, whatever the order of arrival', async () => {
    const turns = new Turns(1, 8);
    const order: string[] = [];
    const work = async (group: string): Promise<void> => {
      const turn = await turns.take(group);
      order.push(group);
      await eventLoopTurn();
      turn.release();
    };
    await Promise.all(['a', 'a', 'a', 'a', 'b', 'b', 'c'].map(work));
    expect(order).to.deep.equal(['a', 'a', 'b', 'c', 'a', 'b', 'a']);
  });

  it('are as many at a time as there are places; what yields its place goes on beside others', async () => {
    const turns = new Turns(2, 4);
    const { got, ask, held } = asking(turns);
    for (const group of ['a', 'b', 'c', 'd', 'e']) ask(group);
    await eventLoopTurn();
    expect(got).to.deep.equal(['a', 'b']);
    held.get('a')![0]!.yield();
    held.get('a')![0]!.yield();
    await eventLoopTurn();
    expect(got).to.deep.equal(['a', 'b', 'c']);
    held.get('b')![0]!.yield();
    held.get('c')![0]!.yield();
    await eventLoopTurn();
    // Four are under way, and that is all.
    expect(got).to.deep.equal(['a', 'b', 'c', 'd']);
    held.get('a')![0]!.release();
    held.get('a')![0]!.release();
    await eventLoopTurn();
    expect(got).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
  });

  it('leave the last place to a group that has none', async () => {
    const turns = new Turns(2, 3);
    const { got, ask, held } = asking(turns);
    for (const group of ['a', 'a', 'a', 'a']) ask(group);
    await eventLoopTurn();
    expect(got).to.deep.equal(['a', 'a']);
    for (const turn of held.get('a')!) turn.yield();
    await eventLoopTurn();
    expect(got).to.deep.equal(['a', 'a']);
    ask('b');
    await eventLoopTurn();
    expect(got).to.deep.equal(['a', 'a', 'b']);
  });

  it('are given up with a signal, and leave nothing behind', async () => {
    const turns = new Turns(1, 2);
    const first = await turns.take('a');
    const controller = new AbortController();
    const given = turns.take('b', controller.signal).catch((error: unknown) => error);
    controller.abort('enough');
    expect(await given).to.equal('enough');
    expect(await turns.take('c', controller.signal).catch((error: unknown) => error)).to.equal('enough');
    first.release();
    (await turns.take('b')).release();
  });
});
