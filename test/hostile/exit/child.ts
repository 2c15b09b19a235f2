import { PluginEngine } from '../../../src/engine.ts';
import { outcome } from '../../support/outcome.ts';
import { manyBlocks, manyBranches, nestedLoops } from '../guests/compiler-bombs.ts';
import { withModules } from '../guests/compiler-plugins.ts';

/** A bomb, by what it costs V8, and how large it is: beyond a bound, or the most that still passes. */
export type Bomb =
  | 'memory for each branch, refused'
  | 'memory for each branch, let through'
  | 'time for each branch, refused'
  | 'time for each branch, let through'
  | 'memory when it gets hot, refused'
  | 'memory when it gets hot, let through';

const BOMBS: Record<Bomb, () => Uint8Array> = {
  'memory for each branch, refused': () => manyBlocks(49_000, 1_000),
  'memory for each branch, let through': () => manyBlocks(49_000, 30),
  'time for each branch, refused': () => manyBranches(49_000, 300_000),
  'time for each branch, let through': () => manyBranches(300, 100_000),
  'memory when it gets hot, refused': () => nestedLoops(20_000, 1_000),
  'memory when it gets hot, let through': () => nestedLoops(2_000, 9),
};

/*
 * Loads one, calls it for a while, closes the engine and has nothing more to do. Says how loading went.
 */

const REQUESTS = 200;

const bomb = await withModules(() => [BOMBS[process.argv[2] as Bomb]()])();
const engine = await PluginEngine.create({ threads: 2, cacheDirectory: false });
const loaded = await outcome(
  engine.loadPlugin('bomb', bomb, { sandbox: { instances: 'fresh', cpuTimeLimitMs: 1_000 } }),
);
for (let request = 0; loaded === 'ok' && request < REQUESTS; request++) {
  await outcome(engine.process('bomb', { input: 'hello' }));
}
await engine.close();
process.stdout.write(loaded);
