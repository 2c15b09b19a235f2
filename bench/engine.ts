/**
 * The engine against one Piscina task per request, which runs the same component with jco's glue: ratios of five
 * interleaved rounds. `node bench/engine.ts [--quick]`
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { compileModules } from '../src/artifact/artifact.ts';
import { ArtifactCompiler } from '../src/artifact/compiler.ts';
import { PluginEngine, resolvePolicy } from '../src/index.ts';
import { closedLoop } from './lib/closed-loop.ts';
import { median } from './lib/stats.ts';

const ROUNDS = 5;
const MILLISECONDS = process.argv.includes('--quick') ? 300 : 1500;
const THREADS = 2;
const REQUEST = { input: 'sixteen bytes ok', options: [] };

const component = fileURLToPath(new URL('../examples/plugins/redact/redact.wasm', import.meta.url));

const engine = await PluginEngine.create({ threads: THREADS });
await engine.loadPlugin('redact', component);

const compiler = new ArtifactCompiler();
const policy = resolvePolicy('restricted');
const artifact = await compiler.compile(component, { maxMemoryBytes: policy.maxMemoryBytes, binding: 'glue' });
const definition = {
  plugin: 'redact',
  version: '1',
  contract: artifact.contract,
  binding: artifact.binding,
  modules: await compileModules(artifact),
  environment: [],
  config: [],
  policy,
};
await compiler.close();

const filename = fileURLToPath(new URL('./baselines/piscina-worker.ts', import.meta.url));
const baseline = (options: ConstructorParameters<typeof Piscina>[0]): Piscina =>
  new Piscina({ filename, workerData: { definition }, minThreads: THREADS, maxThreads: THREADS, ...options });
/** The best that was found for many small tasks: several in each worker's port at once. */
const pools = { default: baseline({}), best: baseline({ concurrentTasksPerWorker: 64, recordTiming: false }) };

type Candidate = 'engine' | keyof typeof pools;
const calls: Record<Candidate, () => Promise<unknown>> = {
  engine: () => engine.process('redact', REQUEST),
  default: () => pools.default.run(REQUEST),
  best: () => pools.best.run(REQUEST),
};

for (const callers of [1, 64, 1024]) {
  const rates: Record<Candidate, number[]> = { engine: [], default: [], best: [] };
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, call] of Object.entries(calls) as [Candidate, () => Promise<unknown>][]) {
      const rate = await closedLoop(callers, round < 0 ? MILLISECONDS / 3 : MILLISECONDS, call);
      if (round >= 0) rates[name].push(rate);
    }
  }
  const ratio = (other: Candidate): number => median(rates.engine.map((rate, round) => rate / rates[other][round]!));
  console.log(
    `${String(callers).padStart(5)} callers: engine ${Math.round(median(rates.engine))}/s, Piscina default ${Math.round(median(rates.default))}/s, best ${Math.round(median(rates.best))}/s;`,
    `engine is ${ratio('default').toFixed(2)}x default, ${ratio('best').toFixed(2)}x best`,
  );
}

await Promise.all([engine.close(), pools.default.destroy(), pools.best.destroy()]);
