import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PluginEngine } from '../src/index.ts';
import { guestMemoryKiB } from '../test/hostile/soak/guest-memories.ts';
import { floors, type Sample, slope } from '../test/hostile/soak/series.ts';
import { SoakTraffic } from '../test/hostile/soak/traffic.ts';

/*
 * Mixed traffic for as long as it is told to, and what the process holds meanwhile:
 *
 *     npm run soak -- --minutes 60 --seed 7
 *
 * It ends with status 1 when the second half rises by a MiB a minute or more, without what the memories of guests hold:
 * that goes up and down by tens of MiB with what runs just then, and has a bound of its own, which is looked at beside it.
 * Only on Linux.
 */

const FLAT_MIB_A_MINUTE = 1;
const SAMPLES = 60;
/** Of so many samples in a row, the least counts. */
const WINDOW = 3;
const MAX_TOTAL_MEMORY_MIB = 256;
/** What the memories of guests may hold of that, dropped ones among them. */
const MEMORY_FACTOR = 1.25;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '12' }, seed: { type: 'string', default: '1' } },
});
const minutes = number('minutes');
const seed = number('seed');

function number(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value > 0) return value;
  console.error(`Expected --${name} to be a number above 0, got \`${values[name]}\`.`);
  process.exit(2);
}

// What the main thread has not collected yet is not what the engine holds.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
setFlagsFromString('--no-expose-gc');

const engine = await PluginEngine.create({ threads: 2, maxTotalMemoryBytes: MAX_TOTAL_MEMORY_MIB * 2 ** 20 });
const traffic = await SoakTraffic.begin(engine, seed);
const start = performance.now();
const elapsed = (): number => (performance.now() - start) / 60_000;
const samples: Sample[] = [];

function sample(): void {
  collect();
  const status = readFileSync('/proc/self/status', 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const guestsMiB = guestMemoryKiB(readFileSync('/proc/self/smaps', 'utf8')) / 1024;
  const rssMiB = field('VmRSS') / 1024;
  const taken: Sample = {
    minutes: elapsed(),
    rssMiB,
    guestsMiB,
    ownMiB: rssMiB - guestsMiB,
    threads: field('Threads'),
    descriptors: readdirSync('/proc/self/fd').length,
  };
  samples.push(taken);
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const heap = [heapUsed, external, arrayBuffers].map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(' ');
  const done = [...traffic.tallies.values()].reduce((sum, times) => sum + times, 0);
  console.log(
    `${taken.minutes.toFixed(1)} min: RSS ${rssMiB.toFixed(1)} MiB, ${guestsMiB.toFixed(1)} of them guests', ${taken.threads} threads, ${taken.descriptors} descriptors; ` +
      `heap, external, buffers of the main thread ${heap} MiB, ${getHeapStatistics().number_of_native_contexts} contexts; ${done} deeds`,
  );
}

sample();
const timer = setInterval(sample, Math.max((minutes * 60_000) / SAMPLES, 1000));
await traffic.run(() => elapsed() < minutes);
clearInterval(timer);
sample();
console.log(Object.fromEntries([...traffic.tallies].sort(([, a], [, b]) => b - a)));
await engine.close();

const rises = (['ownMiB', 'threads', 'descriptors'] as const).map((of) =>
  slope(floors(samples, of, WINDOW), of, minutes / 2),
);
const [memory, threads, descriptors] = rises.map((rise) => rise.toFixed(2));
const guests = Math.max(...samples.map(({ guestsMiB }) => guestsMiB));
const flat = rises.every((rise) => rise < FLAT_MIB_A_MINUTE) && guests < MEMORY_FACTOR * MAX_TOTAL_MEMORY_MIB;
console.log(
  `second half: ${memory} MiB, ${threads} threads, ${descriptors} descriptors more a minute; ` +
    `guests held ${guests.toFixed(0)} MiB at the most, of ${MAX_TOTAL_MEMORY_MIB}: ${flat ? 'flat' : 'it rises'}`,
);
process.exitCode = flat ? 0 : 1;
