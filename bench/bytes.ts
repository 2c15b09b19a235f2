/**
 * What a plugin that works on bytes costs for pictures of several sizes: `node bench/bytes.ts`. A round of each in turn, so that
 * what else the machine does meets all of them alike.
 */
import { pluginFiles } from '../examples/plugins/files.ts';
import { PluginEngine } from '../src/index.ts';
import { median } from './lib/stats.ts';

const ROUNDS = 7;
/** Bytes of a round. */
const ROUND_BYTES = 16 * 1024 * 1024;
const MOST_CALLS = 20_000;
const AT_ONCE = 16;
const SIZES = [16, 4_096, 65_536, 1_048_576] as const;

const engine = await PluginEngine.create({ threads: 1 });
await engine.loadPlugin('greys', pluginFiles.greys);

/** Microseconds of CPU time of one call. */
async function round(size: number): Promise<number> {
  const input = new Uint8Array(size).fill(120);
  const calls = Math.min(Math.ceil(ROUND_BYTES / size), MOST_CALLS);
  let left = calls;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await engine.process('greys', { input });
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

const measured = new Map<number, number[]>(SIZES.map((size) => [size, []]));
for (const size of SIZES) await round(size);
for (let index = 0; index < ROUNDS; index++) {
  for (const size of SIZES) measured.get(size)!.push(await round(size));
}
await engine.close();
for (const [size, times] of measured) {
  const microseconds = median(times);
  const rate = (size / microseconds).toFixed(0);
  console.log(`${String(size).padStart(9)} bytes ${microseconds.toFixed(1).padStart(9)} µs of CPU, ${rate} MB/s`);
}
