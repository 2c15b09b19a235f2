import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { outcome, seeded, until } from '../support/outcome.ts';
import { witness } from './fixtures/witness.ts';

/** Each is a batch in which two workers are killed, or one in which callers give up a quarter. */
const ROUNDS = 6;

describe('invariant 2: what began never runs again, what had not begun runs elsewhere', function () {
  this.timeout(120_000);

  /** How often each input was begun: the guest says so before it does anything else. */
  function counting(engine: PluginEngine): Map<string, number> {
    const begun = new Map<string, number>();
    engine.on('plugin:event', ({ type }) => begun.set(type, (begun.get(type) ?? 0) + 1));
    return begun;
  }

  after(closeEngines);

  it('when workers are killed and instances trap in the middle of batches', async () => {
    const engine = await createEngine({ threads: 2 });
    const begun = counting(engine);
    await engine.loadPlugin('witness', await witness(), { sandbox: { cpuTimeLimitMs: 60 } });
    const random = seeded(1);
    const expected = { s: 'ERR_CPU_TIME_LIMIT', t: 'ERR_TRAP', e: 'ok', b: 'ok' } as const;
    for (let round = 0; round < ROUNDS; round++) {
      const kinds = Array.from({ length: 150 }, () =>
        random.pick(['e', 'e', 'e', 'e', 'e', 'e', 'e', 'e', 't'] as const),
      );
      const all: (keyof typeof expected)[] = [...kinds.slice(0, 70), 's', ...kinds.slice(70), 's', 'b'];
      const inputs = all.map((kind, index) => `${kind}-${round}-${index}`);
      const outcomes = await Promise.all(inputs.map((input) => outcome(engine.process('witness', { input }))));
      for (const [index, kind] of all.entries()) {
        const input = inputs[index]!;
        expect([input, outcomes[index], begun.get(input)]).to.deep.equal([input, expected[kind], 1]);
      }
    }
    expect(begun.size).to.equal(ROUNDS * 153);
  });

  it('when callers give up requests that wait, are in a batch, or run', async () => {
    const engine = await createEngine({ threads: 2 });
    const begun = counting(engine);
    await engine.loadPlugin('witness', await witness(), { sandbox: { cpuTimeLimitMs: 60_000 } });
    const random = seeded(2);
    for (let round = 0; round < ROUNDS; round++) {
      const requests = Array.from({ length: 120 }, (_, index) => {
        const kind = index % 40 === 20 ? 's' : index % 10 === 5 ? 'b' : 'e';
        const controller = new AbortController();
        const input = `${kind}-${round}-${index}`;
        const end = outcome(engine.process('witness', { input }, { signal: controller.signal }));
        return { kind, input, controller, end, abort: kind === 's' || random.below(4) === 0 };
      });
      // Some at once, some while things run; the endless ones once they have begun, or when nothing else is left to do.
      for (const { abort, kind, controller } of requests)
        if (abort && kind !== 's' && random.below(2) === 0) controller.abort();
      await until(() => requests.some(({ kind, input }) => kind === 's' && begun.has(input)));
      for (const { abort, controller } of requests) if (abort) controller.abort();
      for (const { input, end, abort } of requests) {
        const code = await end;
        if (!abort) expect([input, code, begun.get(input)]).to.deep.equal([input, 'ok', 1]);
        else {
          expect(code, input).to.be.oneOf(['ok', 'ERR_ABORTED']);
          expect(begun.get(input) ?? 0, input).to.be.at.most(1);
        }
      }
    }
  });

  it('and puts it in front: the order of arrival is kept', async () => {
    const engine = await createEngine({ threads: 1 });
    const order: string[] = [];
    engine.on('plugin:event', ({ type }) => order.push(type));
    await engine.loadPlugin('witness', await witness(), { sandbox: { cpuTimeLimitMs: 60 } });
    const inputs = ['e0', 's1', 'e2', 'e3', 's4', ...Array.from({ length: 40 }, (_, i) => `e${i + 5}`)];
    await Promise.all(inputs.map((input) => outcome(engine.process('witness', { input }))));
    expect(order).to.deep.equal(inputs);
  });
});
