/**
 * What observing costs: engines that count nothing, that count, and that count while requests are traced or published,
 * in interleaved rounds. Throughput, and CPU time of all threads for each request, which a busy machine changes less.
 * `node bench/observe.ts [--quick]`
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { fileURLToPath } from 'node:url';
import { trace } from '@opentelemetry/api';
import { AlwaysOnSampler, BasicTracerProvider, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import { PluginEngine } from '../src/index.ts';
import { Histogram, TIME } from '../src/observe/histogram.ts';
import { closedLoop } from './lib/closed-loop.ts';
import { quantile } from './lib/stats.ts';

const ROUNDS = process.argv.includes('--quick') ? 40 : 100;
const MILLISECONDS = process.argv.includes('--quick') ? 100 : 250;
const REQUEST = { input: 'sixteen bytes ok', options: [] };

const component = fileURLToPath(new URL('../examples/plugins/redact/redact.wasm', import.meta.url));
const load = async (metrics: 'on' | 'off'): Promise<PluginEngine> => {
  const engine = await PluginEngine.create({ threads: 2, metrics });
  await engine.loadPlugin('redact', component);
  return engine;
};
const off = await load('off');
const on = await load('on');

/** Every span is made and ended, and none is exported: that is the exporter's cost. */
const tracing = (ratio: number): (() => () => void) => {
  const sampler = ratio === 1 ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio);
  return () => {
    trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler }));
    return () => trace.disable();
  };
};
const listening = (): (() => void) => {
  const listener = (): void => {};
  subscribe('wasm-plugin-pool:request:end', listener);
  return () => void unsubscribe('wasm-plugin-pool:request:end', listener);
};
const nothing = (): (() => void) => () => {};

interface Candidate {
  readonly name: string;
  readonly engine: PluginEngine;
  /** Begins to observe; what it returns ends it. */
  readonly observe: () => () => void;
}

const unobserved: Candidate = { name: 'unobserved', engine: off, observe: nothing };
const candidates: readonly Candidate[] = [
  unobserved,
  { name: 'metrics', engine: on, observe: nothing },
  { name: 'metrics, a subscriber', engine: on, observe: listening },
  { name: 'metrics, 1 % traced', engine: on, observe: tracing(0.01) },
  { name: 'metrics, all traced', engine: on, observe: tracing(1) },
];

interface Cost {
  /** Milliseconds of the clock for each request. */
  readonly time: number;
  /** Milliseconds of CPU time for each request, over all threads. */
  readonly cpu: number;
}

async function measure({ engine, observe }: Candidate, callers: number): Promise<Cost> {
  const end = observe();
  const start = process.cpuUsage();
  let requests = 0;
  const rate = await closedLoop(callers, MILLISECONDS, () => {
    requests++;
    return engine.process('redact', REQUEST);
  });
  const { user, system } = process.cpuUsage(start);
  end();
  return { time: 1000 / rate, cpu: (user + system) / 1000 / requests };
}

/** By how much one is more than the other, where nothing else was in the way: in the quickest tenth of the rounds. */
function excess(costs: readonly Cost[], baseline: readonly Cost[], of: keyof Cost): string {
  const quick = (list: readonly Cost[]): number =>
    quantile(
      list.map((cost) => cost[of]),
      0.1,
    );
  return `${((quick(costs) / quick(baseline) - 1) * 100).toFixed(1)} %`;
}

for (const callers of [1, 64, 1024]) {
  const costs = new Map(candidates.map((candidate) => [candidate, [] as Cost[]]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const [candidate, list] of costs) {
      const cost = await measure(candidate, callers);
      if (round >= 0) list.push(cost);
    }
  }
  const baseline = costs.get(unobserved)!;
  console.log(`${callers} callers: more time and more CPU time for each request than ${unobserved.name}`);
  for (const [{ name }, list] of costs) {
    console.log(`  ${name}: ${excess(list, baseline, 'time')}, ${excess(list, baseline, 'cpu')}`);
  }
}

const histogram = new Histogram(TIME);
const times = Array.from({ length: 1024 }, (_, place) => 2 ** (place / 64 - 8));
for (let round = 0; round < 3; round++) {
  const start = performance.now();
  for (let i = 0; i < 5_000_000; i++) histogram.record(times[i & 1023]!);
  const each = ((performance.now() - start) / 5_000_000) * 1e6;
  if (round === 2) console.log(`a histogram records a value in ${each.toFixed(1)} ns`);
}
await Promise.all([off.close(), on.close()]);
