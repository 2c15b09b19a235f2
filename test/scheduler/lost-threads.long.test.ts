import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { echo, hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { outcome, until } from '../support/outcome.ts';

const MiB = 1024 * 1024;

describe('threads that were ended', function () {
  this.timeout(180_000);
  after(closeEngines);

  it('are not kept by versions that are gone, nor by the requests that they were ended for', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
    const engine = await createEngine({ threads: 1, maxThreads: 2 });
    // Keeps what it was last seen on for as long as it has nothing to do.
    await engine.loadPlugin('idle', await echo());
    const options = { sandbox: { cpuTimeLimitMs: 10 } };
    await engine.loadPlugin('loops', await hostile(), options);
    await engine.process('idle', { input: '' });
    collect();
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 8; round++) {
      expect(await outcome(engine.process('loops', { input: 'spin' }))).to.equal('ERR_CPU_TIME_LIMIT');
      // On the thread that takes the place of that one, and that the next version is to lose.
      await engine.process('loops', { input: 'x' });
      await engine.reloadPlugin('loops', await hostile(), options);
    }
    // Each thread shares almost 5 MiB with this one.
    await until(() => {
      collect();
      return process.memoryUsage().arrayBuffers - before < 12 * MiB;
    });
  });
});
