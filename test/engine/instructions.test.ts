import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { hostile } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine, ISOLATION } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

/** Jco's glue has no checks, and the answers of a child have no number. */
const HAS_CHECKS = process.env.TEST_BINDING !== 'glue' && ISOLATION === 'none';

describe('instructions that are counted', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  before(async function () {
    if (!HAS_CHECKS) this.skip();
    engine = await createEngine();
  });
  after(closeEngines);

  it('are as many each time, on every thread, in every instance and in every version of Node', async () => {
    const sandbox = { maxInstructions: 1_000_000 };
    await engine.loadPlugin('warm', await hostile(), { sandbox });
    await engine.loadPlugin('fresh', await hostile(), { sandbox: { ...sandbox, instances: 'fresh' } });
    const inputs = ['', 'hello', 'a longer text that is given back'];
    const counts = await Promise.all(
      Array.from({ length: 10 }, () => ['warm', 'fresh'])
        .flat()
        .map(async (plugin) => {
          const answers = await Promise.all(inputs.map((input) => engine.process(plugin, { input })));
          return answers.map(({ instructions }) => instructions);
        }),
    );
    for (const count of counts) expect(count).to.deep.equal(COUNTS);
  });

  it('are not those of a plugin whose policy does not ask for them', async () => {
    await engine.loadPlugin('plain', await hostile());
    expect(await engine.process('plain', { input: 'x' })).to.deep.equal({ output: 'x', success: true });
    const { instructions } = engine.metrics.snapshot().plugins.find(({ plugin }) => plugin === 'plain')!;
    expect(instructions).to.equal(0);
  });

  for (const command of ['spin', 'spin-fill', 'spin-host', 'stack', 'grow-table 8000']) {
    it(`run out in \`${command}\`, which costs the instance and no thread`, async () => {
      const terminated = collect(engine, 'worker:terminated');
      const maxInstructions = command.startsWith('grow') ? 4000 : 50_000;
      await engine.loadPlugin('bad', await hostile(), {
        sandbox: { maxInstructions, maxStackBytes: 64 * 1024 * 1024 },
      });
      const errors = [];
      for (let attempt = 0; attempt < 2; attempt++) {
        const { code, limit, began } = await rejection(engine.process('bad', { input: command }));
        errors.push({ code, limit, began });
      }
      expect(errors[0]).to.deep.equal({
        code: 'ERR_INSTRUCTION_LIMIT',
        limit: { name: 'maxInstructions', value: maxInstructions },
        began: true,
      });
      expect(errors[1]).to.deep.equal(errors[0]);
      expect((await engine.process('bad', { input: 'again' })).output).to.equal('again');
      expect(terminated).to.deep.equal([]);
      await engine.unloadPlugin('bad');
    });
  }

  it('run out while the plugin starts', async () => {
    const sandbox = { maxInstructions: 50_000 };
    const error = await rejection(
      engine.loadPlugin('bad', await hostile(), { sandbox, config: { initialize: 'spin' } }),
    );
    expect([error.code, (error.cause as { code?: string }).code, error.limit?.name]).to.deep.equal([
      'ERR_INITIALIZE_FAILED',
      'ERR_INSTRUCTION_LIMIT',
      'maxInstructions',
    ]);
  });

  it('are enough when there are as many as it takes, and too few when there is one less', async () => {
    const [, needed] = COUNTS;
    await engine.loadPlugin('probe', await hostile(), { sandbox: { maxInstructions: 1_000_000 } });
    // What starting takes is more, so the limit is tried with a request that takes more than that.
    const input = 'x'.repeat(2000);
    const { instructions } = await engine.process('probe', { input });
    expect(instructions).to.be.above(needed!);
    for (const [less, code] of [
      [0, undefined],
      [1, 'ERR_INSTRUCTION_LIMIT'],
    ] as const) {
      const name = `limit-${less}`;
      await engine.loadPlugin(name, await hostile(), { sandbox: { maxInstructions: instructions! - less } });
      const ended = await engine.process(name, { input }).then(
        () => undefined,
        (error: { code: string }) => error.code,
      );
      expect(ended).to.equal(code);
    }
  });

  it('cannot be those of what runs on the glue', async () => {
    const glued = await createEngine({ binding: 'glue' });
    const error = await rejection(glued.loadPlugin('bad', await hostile(), { sandbox: { maxInstructions: 1000 } }));
    expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
    expect(error.message).to.match(/^The instructions of the component cannot be counted: it runs on jco's glue/);
  });
});

/** Of a guest that is written in text, so that no compiler changes them. */
const COUNTS: readonly number[] = [787, 982, 1772];
