/**
 * The engine against one Piscina task per request, which runs the same component with jco's glue: ratios of five
 * interleaved rounds, and the CPU time that a request takes on all threads together, which says more than the rate on a
 * machine that others use. `node bench/engine.ts [--quick]`
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { compileModules } from '../src/artifact/artifact.ts';
import { ArtifactCompiler } from '../src/artifact/compiler.ts';
import type { PluginDefinition } from '../src/artifact/definition.ts';
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
const definition: PluginDefinition = {
  plugin: 'redact',
  version: '1',
  contract: artifact.contract,
  binding: artifact.binding,
  modules: await compileModules(artifact),
  maxBytes: artifact.summary.maxBytes,
  memories: 1,
  environment: [],
  config: [],
  policy,
  imports: [],
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

/** Of one round: requests a second, and CPU microseconds for each. */
interface Round {
  readonly rate: number;
  readonly cpu: number;
}

async function round(callers: number, milliseconds: number, call: () => Promise<unknown>): Promise<Round> {
  const before = process.cpuUsage();
  const start = performance.now();
  const rate = await closedLoop(callers, milliseconds, call);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { rate, cpu: (user + system) / (rate * seconds) };
}

for (const callers of [1, 64, 1024]) {
  const rounds: Record<Candidate, Round[]> = { engine: [], default: [], best: [] };
  for (let index = -1; index < ROUNDS; index++) {
    for (const [name, call] of Object.entries(calls) as [Candidate, () => Promise<unknown>][]) {
      const measured = await round(callers, index < 0 ? MILLISECONDS / 3 : MILLISECONDS, call);
      if (index >= 0) rounds[name].push(measured);
    }
  }
  const text = (name: Candidate): string => {
    const rate = median(rounds[name].map((one) => one.rate));
    const cpu = median(rounds[name].map((one) => one.cpu));
    return `${Math.round(rate)}/s, ${cpu.toPrecision(3)} µs CPU`;
  };
  const ratio = (other: Candidate): string => {
    const rate = median(rounds.engine.map((one, index) => one.rate / rounds[other][index]!.rate));
    const cpu = median(rounds.engine.map((one, index) => rounds[other][index]!.cpu / one.cpu));
    return `${rate.toFixed(2)}x ${other} (${cpu.toFixed(2)}x by CPU)`;
  };
  console.log(
    `${String(callers).padStart(5)} callers: engine ${text('engine')}; Piscina default ${text('default')}, best ${text('best')};`,
    `engine is ${ratio('default')}, ${ratio('best')}`,
  );
}

await Promise.all([engine.close(), pools.default.destroy(), pools.best.destroy()]);
