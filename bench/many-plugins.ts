/**
 * What it costs that there are many plugins: requests a second of 256 callers over 1, 100 and 1,000 of them, as ratios to
 * one, with the instances that were made and the threads that there are; then the same beside busy processes, as a share of
 * what the processors that the engine got would have done alone, and after they have ended. Loading and memory are those of
 * 1,000 plugins of one file.
 * `node bench/many-plugins.ts [--quick] [--beside 4] [--plugins 1000]`
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PluginEngine } from '../src/index.ts';
import { busyBeside } from './lib/busy.ts';
import { closedLoop } from './lib/closed-loop.ts';
import { median } from './lib/stats.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    beside: { type: 'string', default: '4' },
    plugins: { type: 'string', default: '1000' },
  },
});
const ROUNDS = flags.quick ? 3 : 5;
const MILLISECONDS = flags.quick ? 500 : 2_000;
const CALLERS = 256;
const BESIDE = Number(flags.beside);
const PLUGINS = Number(flags.plugins);
const REQUEST = { input: 'sixteen bytes ok' };

const component = fileURLToPath(new URL('../examples/plugins/redact/redact.wasm', import.meta.url));
const engine = await PluginEngine.create({ threads: 2 });
const names = Array.from({ length: PLUGINS }, (_, index) => `redact-${index}`);

await engine.loadPlugin('first', component);
const before = { at: performance.now(), cpu: process.cpuUsage(), rss: process.memoryUsage.rss() };
for (const name of names) await engine.loadPlugin(name, component);
const { user, system } = process.cpuUsage(before.cpu);
console.log(
  `${PLUGINS} plugins of one file: loaded in ${((performance.now() - before.at) / 1000).toFixed(2)} s, ` +
    `${((user + system) / 1e6).toFixed(2)} s of CPU, ${kib(process.memoryUsage.rss() - before.rss)} KiB each`,
);

/** Instances made so far. */
function made(): number {
  return engine.metrics.snapshot().plugins.reduce((sum, { instancesMade }) => sum + instancesMade, 0);
}

function kib(bytes: number): string {
  return (bytes / 1024 / PLUGINS).toFixed(0);
}

let next = 0;
const over = (count: number) => (): Promise<unknown> => {
  next = (next + 1) % count;
  return engine.process(names[next]!, REQUEST);
};

interface Measured {
  readonly rate: number;
  readonly cpu: number;
}

async function measure(count: number, milliseconds: number): Promise<Measured> {
  const start = process.cpuUsage();
  const at = performance.now();
  const rate = await closedLoop(CALLERS, milliseconds, over(count));
  const used = process.cpuUsage(start);
  return { rate, cpu: (used.user + used.system) / (rate * ((performance.now() - at) / 1000)) };
}

const counts = [1, 100, 1000].filter((count) => count <= PLUGINS);

/** CPU microseconds for each request, alone. */
const alone = new Map<number, number>();

async function rounds(title: string, times: number): Promise<void> {
  const madeBefore = made();
  const results = new Map<number, Measured[]>(counts.map((count) => [count, []]));
  for (let round = 0; round < times; round++) {
    for (const count of counts) results.get(count)!.push(await measure(count, MILLISECONDS));
  }
  const rateOf = (count: number): number => median(results.get(count)!.map(({ rate }) => rate));
  const one = rateOf(1);
  const texts = counts.map((count) => {
    const cpu = median(results.get(count)!.map((measured) => measured.cpu));
    const share = ((alone.get(count) ?? cpu) / cpu).toFixed(2);
    if (title === 'alone') alone.set(count, cpu);
    const ratios = `${(rateOf(count) / one).toFixed(2)}× of one plugin, ${share}× of its share`;
    return `${count}: ${Math.round(rateOf(count))}/s (${ratios}, ${cpu.toPrecision(3)} µs CPU)`;
  });
  const { idle, busy, starting } = engine.status().threads;
  console.log(
    `${title}: ${texts.join('; ')}; ${made() - madeBefore} instances made, ${idle + busy + starting} threads`,
  );
}

await rounds('warming up', 1);
const served = process.memoryUsage.rss();
console.log(`memory after all were served: ${kib(served - before.rss)} KiB for each plugin`);
await rounds('alone', ROUNDS);
const stop = await busyBeside(BESIDE);
try {
  await rounds(`beside ${BESIDE} busy processes`, ROUNDS);
} finally {
  await stop();
}
for (const count of counts) {
  const { rate, cpu } = await measure(count, 1_000);
  console.log(
    `in the first second after: ${count}: ${Math.round(rate)}/s, ${(alone.get(count)! / cpu).toFixed(2)}× of its share`,
  );
}
await engine.close({ force: true });
