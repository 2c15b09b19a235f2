import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineEvents } from '../../src/engine/events.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import { PluginEngine } from '../../src/engine.ts';

/** One cache for all engines of the run, so that each fixture is compiled once. */
const cacheDirectory = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-test-'));
/** `npm run suite:glue` has the tests of the engine run on jco's glue, which does not run all that the engine's own binding does. */
export const BINDING: 'glue' | 'auto' = process.env.TEST_BINDING === 'glue' ? 'glue' : 'auto';
/** `npm run suite:process` has them run on a child process. */
export const ISOLATION: 'process' | 'none' = process.env.TEST_ISOLATION === 'process' ? 'process' : 'none';
const engines = new Set<PluginEngine>();

/** An engine that is closed by force when the test file ends, if the test has not closed it. */
export async function createEngine(options: EngineOptions = {}): Promise<PluginEngine> {
  const engine = await PluginEngine.create({
    threads: 2,
    cacheDirectory,
    binding: BINDING,
    isolation: ISOLATION,
    ...options,
  });
  engines.add(engine);
  return engine;
}

/** Closes what {@link createEngine} has made so far; for `after` hooks. */
export async function closeEngines(): Promise<void> {
  await Promise.all([...engines].map((engine) => engine.close({ force: true })));
  engines.clear();
}

process.once('exit', () => rmSync(cacheDirectory, { recursive: true, force: true }));

/** Resolves with the arguments of the first event that fits, from now on. */
export function nextEvent<Name extends keyof EngineEvents>(
  engine: PluginEngine,
  name: Name,
  fits: (...args: EngineEvents[Name]) => boolean = () => true,
): Promise<EngineEvents[Name]> {
  return new Promise((resolve) => {
    const listener = (...args: EngineEvents[Name]): void => {
      if (!fits(...args)) return;
      (engine.off as (event: Name, fn: (...args: EngineEvents[Name]) => void) => unknown).call(engine, name, listener);
      resolve(args);
    };
    (engine.on as (event: Name, fn: (...args: EngineEvents[Name]) => void) => unknown).call(engine, name, listener);
  });
}

/** Collects the first argument of every event of one name, from now on. */
export function collect<Name extends keyof EngineEvents>(engine: PluginEngine, name: Name): EngineEvents[Name][0][] {
  const seen: EngineEvents[Name][0][] = [];
  (engine.on as (event: Name, fn: (...args: EngineEvents[Name]) => void) => unknown).call(engine, name, (...args) =>
    seen.push(args[0]),
  );
  return seen;
}
