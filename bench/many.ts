/**
 * Many requests under one promise: CPU time of `processMany` in chunks, of all threads and of the calling one, beside that
 * of one promise for each request. Medians of interleaved rounds. `node bench/many.ts [--quick]`
 */
import { Buffer } from 'node:buffer';
import { fileURLToPath } from 'node:url';
import { PluginEngine } from '../src/index.ts';
import { median } from './lib/stats.ts';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 5 : 15;
const REQUESTS = quick ? 128_000 : 512_000;
const CHUNK = 128;
/** Chunks that wait for their answers at once. */
const AT_ONCE = 8;

const component = fileURLToPath(new URL('../examples/plugins/redact/redact.wasm', import.meta.url));
const engine = await PluginEngine.create({ threads: 2 });
await engine.loadPlugin('redact', component);

const requests = Array.from({ length: CHUNK }, (_, index) => ({ input: `some words ${index % 10} ab` }));
const packed = Buffer.from(requests.map(({ input }) => input).join(''));
const ends = Uint32Array.from(requests, ({ input }, index) => (index + 1) * input.length);

/** Keeps so many callers busy, each of which asks for chunks one after the other. */
async function run(chunk: () => Promise<unknown>): Promise<void> {
  let left = REQUESTS / CHUNK;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await chunk();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
}

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  process: () => Promise.all(requests.map((request) => engine.process('redact', request))),
  processMany: () => engine.processMany('redact', requests),
  'processMany, packed': () => engine.processMany('redact', { bytes: packed, ends }),
};

const measured = new Map(Object.keys(ways).map((name) => [name, { all: [] as number[], main: [] as number[] }]));
for (let round = -1; round < ROUNDS; round++) {
  for (const [name, chunk] of Object.entries(ways)) {
    const all = process.cpuUsage();
    const main = process.threadCpuUsage();
    await run(chunk);
    const used = process.cpuUsage(all);
    const here = process.threadCpuUsage(main);
    // The first round is for the compilers.
    if (round < 0) continue;
    measured.get(name)!.all.push((used.user + used.system) / REQUESTS);
    measured.get(name)!.main.push((here.user + here.system) / REQUESTS);
  }
}
for (const [name, { all, main }] of measured) {
  const micros = (values: readonly number[]): string => `${median(values).toFixed(2)} µs`;
  console.log(`${name.padEnd(20)} ${micros(all)} of all threads, ${micros(main)} of the calling one, for each request`);
}
await engine.close();
