import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { echo, lifecycle, misfits } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine, nextEvent } from '../support/engine.ts';
import { seeded } from '../support/outcome.ts';

const CALLERS = 1000;

/** The same component with another hash. */
function withCustomSection(bytes: Uint8Array, n: number): Uint8Array {
  return new Uint8Array([...bytes, 0, 3, 1, 'n'.charCodeAt(0), n]);
}

/** @param reloads A multiple of five: of each five, two are broken. */
export function describeWatchedLoad(reloads: number): void {
  describe(`invariant 12: a watched directory that changes ${reloads} times under load`, function () {
    this.timeout(120_000);
    let directory: string;
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'watch-load-'));
    });
    after(async () => {
      await closeEngines();
      await rm(directory, { recursive: true });
    });

    /** Writes a file as a whole. */
    async function put(name: string, contents: string | Uint8Array): Promise<void> {
      await writeFile(join(directory, 'incoming'), contents);
      await rename(join(directory, 'incoming'), join(directory, name));
    }

    it('loses no request of a thousand callers while some of what comes is broken', async () => {
      const engine = await createEngine({ threads: 2 });
      const random = seeded(50);
      const reloaded = collect(engine, 'plugin:reloaded');
      const failed = collect(engine, 'plugin:reload-failed');
      const selfTest = { input: 'self', expect: { success: true } };
      const describeVersion = (n: number): string =>
        JSON.stringify({ version: `v${n}`, config: { prefix: `${n}:` }, sandbox: { cpuTimeLimitMs: 500 } });

      await put('plugin.wasm', await echo());
      await put('plugin.json', describeVersion(0));
      const watcher = await engine.watch(directory, { settleMs: 5, pollMs: 100, selfTest });
      await watcher.ready;

      let current = 0;
      let newest = 0;
      let state: 'on' | 'off' = 'on' as 'on' | 'off';
      let answered = 0;
      const wrong: string[] = [];
      const served = new Map<number, number>();
      const caller = async (id: number): Promise<void> => {
        for (let i = 0; state === 'on'; i++) {
          const oldest = current;
          const { output, success } = await engine.process('plugin', { input: `${id}.${i}` });
          const [prefix, rest] = output.split(':');
          const by = Number(prefix);
          // Not with chai, which would take most of the main thread at this rate.
          if (rest !== `${id}.${i}` || !success || by < oldest || by > newest) wrong.push(`${id}.${i} ${output}`);
          served.set(by, (served.get(by) ?? 0) + 1);
          answered++;
        }
      };
      const callers = Promise.all(Array.from({ length: CALLERS }, (_, id) => caller(id)));

      const broken = [misfits.garbage, misfits.truncated, misfits.otherWorld, lifecycle.initializeTraps];
      let component = await echo();
      let refused = 0;
      for (let n = 1; n <= reloads; n++) {
        const done = nextEvent(engine, n % 5 === 2 || n % 5 === 4 ? 'plugin:reload-failed' : 'plugin:reloaded');
        if (n % 5 === 2) await put('plugin.wasm', await random.pick(broken)());
        else if (n % 5 === 4) await put('plugin.json', '{"sandbox": {"allowEverything": true}}');
        else if (n % 5 === 3) {
          component = withCustomSection(await echo(), n);
          await put('plugin.wasm', component);
        } else {
          newest = n;
          await put('plugin.json', describeVersion(n));
        }
        await done;
        if (n % 5 === 2 || n % 5 === 4) {
          refused++;
          // What serves is put back: that is no reload.
          await put('plugin.wasm', component);
          await put('plugin.json', describeVersion(current));
        } else current = newest;
        expect(engine.listPlugins()[0]?.version).to.equal(`v${current}`);
        expect((await engine.process('plugin', { input: 'between' })).output).to.equal(`${current}:between`);
      }
      state = 'off';
      await callers;
      await engine.close();

      expect(wrong).to.deep.equal([]);
      const versions = Array.from({ length: reloads + 1 }, (_, n) => n).filter((n) => n % 5 === 0 || n % 5 === 1);
      expect([...served.keys()].toSorted((a, b) => a - b)).to.deep.equal(versions);
      expect(failed.length).to.equal(refused);
      expect(reloaded.length).to.equal(reloads - refused);
      expect(answered).to.be.above(CALLERS);
    });
  });
}
