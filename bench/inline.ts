/**
 * What a request of 16 bytes costs on the thread that asks for it (`placement: 'inline'`) and in a worker, in one run:
 * requests a second, CPU time of the process for each, and how long one takes. `node bench/inline.ts [ROUNDS]`
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { PluginEngine } from '../src/index.ts';
import { fullPlugin, respond } from '../test/workers/guest.ts';

const REQUEST = { input: 'sixteen bytes ok' };
const REQUESTS = { inline: 500_000, worker: 10_000 };
const LATENCIES = { inline: 50_000, worker: 2000 };

const rounds = Number(parseArgs({ allowPositionals: true }).positionals[0] ?? 3);
// It frees nothing: all requests are put where the first was.
const component = await fullPlugin({
  process: respond('(local.get $input)', '(local.get $length)'),
  realloc: 'i32.const 8192',
});
const engine = await PluginEngine.create({ threads: 1 });
for (const placement of ['inline', 'worker'] as const) {
  await engine.loadPlugin(placement, component, { placement, sandbox: { maxInstructions: 100_000 } });
  await requests(placement, REQUESTS[placement]);
}
for (let round = 1; round <= rounds; round++) {
  for (const placement of ['inline', 'worker'] as const) {
    const count = REQUESTS[placement];
    const before = process.cpuUsage();
    const start = performance.now();
    await requests(placement, count);
    const milliseconds = performance.now() - start;
    const { user, system } = process.cpuUsage(before);
    const { median, p99 } = await latencies(placement, LATENCIES[placement]);
    console.log(
      `${round} ${placement}: ${Math.round((1000 * count) / milliseconds)}/s, ${((user + system) / count).toFixed(2)} µs CPU, ` +
        `latency ${median.toFixed(2)} µs, p99 ${p99.toFixed(2)} µs`,
    );
  }
}
await engine.close();

/** One caller, which waits for each answer. */
async function requests(plugin: string, count: number): Promise<void> {
  for (let request = 0; request < count; request++) await engine.process(plugin, REQUEST);
}

/** Microseconds from the call to the answer. */
async function latencies(plugin: string, count: number): Promise<{ median: number; p99: number }> {
  const taken = new Float64Array(count);
  for (let request = 0; request < count; request++) {
    const start = performance.now();
    await engine.process(plugin, REQUEST);
    taken[request] = 1000 * (performance.now() - start);
  }
  taken.sort();
  return { median: taken[count >> 1]!, p99: taken[Math.floor(count * 0.99)]! };
}
