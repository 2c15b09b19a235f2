import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { Quarantine } from '../../src/health/quarantine.ts';

describe('Quarantine', () => {
  const request = (input: string, options: [string, string][] = []) => ({ input, options });
  const sha256 = (input: string, options: [string, string][] = []): string =>
    createHash('sha256')
      .update(JSON.stringify([input, options]))
      .digest('hex');

  it('refuses an input once it has killed often enough', () => {
    const quarantine = new Quarantine();
    for (const kills of [1, 2]) {
      const entry = quarantine.killed('c', request('bad'), 'ERR_CPU_TIME_LIMIT', 3);
      expect([entry.kills, entry.state, quarantine.isEmpty]).to.deep.equal([kills, 'watched', true]);
      expect(quarantine.refuse('c', request('bad'))).to.equal(undefined);
    }
    quarantine.killed('c', request('bad'), 'ERR_WALL_TIME_LIMIT', 3);
    expect(quarantine.isEmpty).to.equal(false);
    expect(quarantine.refuse('c', request('bad'))?.refusals).to.equal(1);
    expect(quarantine.list()).to.deep.equal([
      {
        sha256: sha256('bad'),
        component: 'c',
        kills: 3,
        refusals: 1,
        code: 'ERR_WALL_TIME_LIMIT',
        state: 'refused',
      },
    ]);
  });

  it('knows an input by its text and its options, for one component', () => {
    const quarantine = new Quarantine();
    quarantine.killed('c', request('bad', [['a', 'b']]), 'ERR_CPU_TIME_LIMIT', 1);
    expect(quarantine.refuse('c', request('bad', [['a', 'b']]))).not.to.equal(undefined);
    for (const other of [request('bad'), request('bad', [['a', 'c']]), request('bda', [['a', 'b']]), request('ba')])
      expect(quarantine.refuse('c', other)).to.equal(undefined);
    expect(quarantine.refuse('d', request('bad', [['a', 'b']]))).to.equal(undefined);
  });

  it('lets through what is cleared', () => {
    const quarantine = new Quarantine();
    for (const input of ['one', 'two', 'six']) quarantine.killed('c', request(input), 'ERR_CPU_TIME_LIMIT', 1);
    expect(quarantine.clear(sha256('one'))).to.equal(1);
    expect(quarantine.clear(sha256('one'))).to.equal(0);
    expect(quarantine.refuse('c', request('one'))).to.equal(undefined);
    expect(quarantine.refuse('c', request('two'))).not.to.equal(undefined);
    expect([quarantine.clear(), quarantine.isEmpty, quarantine.list()]).to.deep.equal([2, true, []]);
    // It counts anew.
    expect(quarantine.killed('c', request('one'), 'ERR_CPU_TIME_LIMIT', 2).state).to.equal('watched');
  });

  it('remembers a bounded number, the latest', () => {
    const quarantine = new Quarantine();
    for (let n = 0; n < 1500; n++) quarantine.killed('c', request(`input ${n}`), 'ERR_CPU_TIME_LIMIT', 1);
    const list = quarantine.list();
    expect([list.length, list[0]?.sha256]).to.deep.equal([1000, sha256('input 1499')]);
    expect(quarantine.refuse('c', request('input 499'))).to.equal(undefined);
    expect(quarantine.refuse('c', request('input 500'))).not.to.equal(undefined);
  });
});
