import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import type { Guest } from '../fixtures/core-plugin.ts';
import { echo } from '../fixtures/echo.ts';
import { distinctTypes, manyBlocks, manyBranches, nestedLoops } from '../hostile/guests/compiler-bombs.ts';
import { withModules } from '../hostile/guests/compiler-plugins.ts';
import { closeEngines, collect, createEngine, nextEvent } from '../support/engine.ts';
import { outcome } from '../support/outcome.ts';

const MiB = 1024 * 1024;
const MAX_MEMORY = 700 * MiB;
/** Of one component; V8 has room for some two million. */
const TYPES = 60_000;
const MOST_TYPES = 4_000_000;

/** What no bound has looked at, and how it is set off; it need not fail, but nobody else may. */
interface Attack {
  readonly modules: () => readonly Uint8Array[];
  readonly policy: Policy;
  readonly run: (engine: PluginEngine, load: (another?: Guest) => Promise<unknown>) => Promise<unknown>;
  /** How its process is known to have ended. @default it may live on */
  readonly ends?: RegExp;
}

const ATTACKS: Readonly<Record<string, Attack>> = {
  'memory for each branch target in the baseline compiler': {
    modules: () => [manyBlocks(49_000, 2500)],
    policy: { cpuTimeLimitMs: 60_000 },
    run: async (engine, load) => {
      const ended = nextEvent(engine, 'process:ended');
      expect(await outcome(load())).to.equal('ERR_WORKER_CRASHED');
      await ended;
    },
    ends: /maxMemoryBytes/,
  },
  'a compilation that takes minutes and cannot be interrupted': {
    modules: () => [manyBranches(49_000, 300_000)],
    policy: { wallTimeLimitMs: 1000 },
    run: async (_engine, load) => {
      expect(await outcome(load())).to.equal('ERR_INITIALIZE_FAILED');
    },
  },
  'types that differ from all others, of which V8 forgets none': {
    modules: () => [distinctTypes(TYPES)],
    policy: {},
    run: async (engine, load) => {
      let first = TYPES;
      let state: 'running' | 'ended' = 'running';
      const ended = nextEvent(engine, 'process:ended').then(() => {
        state = 'ended';
      });
      await load();
      for (; state === 'running' && first < MOST_TYPES; first += TYPES) {
        const from = first;
        await engine.unloadPlugin('bad-plugin').catch(() => {});
        const end = await outcome(load(withModules(() => [distinctTypes(TYPES, from)])));
        if (end !== 'ok') expect(end).to.equal('ERR_WORKER_CRASHED');
      }
      expect(first).to.be.below(MOST_TYPES);
      await ended;
    },
    ends: /canonical|maxMemoryBytes/,
  },
  'memory in the optimising compiler, which works on when its caller is gone': {
    modules: () => [nestedLoops(20_000, 1000)],
    policy: { instances: 'fresh', cpuTimeLimitMs: 2000 },
    run: async (engine, load) => {
      await outcome(load());
      let state: 'running' | 'ended' = 'running';
      const ended = nextEvent(engine, 'process:ended').then(() => {
        state = 'ended';
      });
      const until = performance.now() + 10_000;
      while (state === 'running' && performance.now() < until) {
        await Promise.race([ended, outcome(engine.process('bad-plugin', { input: 'x' }))]);
      }
    },
  },
};

describe('what no bound foresees, in a process of its own', () => {
  let cacheDirectory: string;
  beforeEach(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-attack-'));
  });
  afterEach(async () => {
    await closeEngines();
    await rm(cacheDirectory, { recursive: true, force: true });
  });

  for (const [name, { modules, policy, run, ends }] of Object.entries(ATTACKS)) {
    it(name, async function () {
      this.timeout(240_000);
      const bomb = await withModules(modules)();
      const engine = await createEngine({
        cacheDirectory,
        compile: 'unbounded',
        threads: 1,
        maxThreads: 2,
        isolation: { group: (plugin) => plugin.split('-')[0]!, maxMemoryBytes: MAX_MEMORY },
      });
      const ended = collect(engine, 'process:ended');
      await engine.loadPlugin('good-plugin', await echo());
      let state: 'running' | 'over' = 'running';
      const others = (async () => {
        for (let index = 0; state === 'running'; index++) {
          expect((await engine.process('good-plugin', { input: `${index}` })).output).to.equal(`${index}`);
          if (index % 32 === 0) await delay(1);
        }
      })();
      engine.capabilities.setPolicy('bad-plugin', policy);
      await run(engine, async (another) =>
        engine.loadPlugin('bad-plugin', another === undefined ? bomb : await another()),
      );
      if (ends !== undefined) expect(ended.map(({ reason }) => reason).join()).to.match(ends);
      // Others of its group have a process again.
      await engine.loadPlugin('bad-neighbour', await echo(), {
        config: { prefix: 'n' },
        sandbox: { maxMemoryBytes: 16 * MiB },
      });
      expect((await engine.process('bad-neighbour', { input: 'x' })).output).to.equal('nx');
      state = 'over';
      await others;
      const pids = engine.status().processes!.map(({ pid }) => pid);
      await engine.close({ force: true });
      for (const pid of pids) expect(() => process.kill(pid, 0), `process ${pid}`).to.throw('ESRCH');
    });
  }
});
