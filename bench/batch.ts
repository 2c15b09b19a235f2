/**
 * File to file, in records of 100 bytes: what a batch reaches of one thread that only parses and prints the same lines,
 * what the journal costs, and whether memory grows with the number of records. Ratios of interleaved rounds.
 * `node bench/batch.ts [--quick]`
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kind, type Measurement, measure } from './batch/measure.ts';
import { median } from './lib/stats.ts';
import { writeRecords } from './work/records.ts';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 3 : 7;
const RECORDS = quick ? 300_000 : 1_000_000;
const MANY = quick ? 1_000_000 : 10_000_000;
const FEW = 100_000;

const folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-bench-'));
const output = join(folder, 'out.jsonl');
try {
  const input = join(folder, 'in.jsonl');
  for (const form of ['compact', 'spaced'] as const) {
    await writeRecords(input, RECORDS, form);
    const rounds: Record<Kind, Measurement[]> = { parse: [], batch: [], journal: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of Object.keys(rounds) as Kind[]) rounds[kind].push(await measure(kind, input, output));
    }
    for (const [kind, measurements] of Object.entries(rounds)) {
      const of = (value: (measurement: Measurement) => number): number => median(measurements.map(value));
      const rate = String(Math.round(of(({ records, seconds }) => records / seconds))).padStart(8);
      const main = of(({ mainMicros }) => mainMicros).toFixed(2);
      const all = of(({ allMicros }) => allMicros).toFixed(2);
      console.log(`${form} ${kind.padEnd(8)} ${rate} records/s, ${main} µs of main thread each, ${all} µs of all`);
    }
    const ratio = (kind: Kind, base: Kind): number =>
      median(rounds[kind].map(({ seconds }, round) => rounds[base][round]!.seconds / seconds));
    console.log(`the batch reaches ${ratio('batch', 'parse').toFixed(2)}x of parse and print (at least 1.00)`);
    console.log(`with the journal it reaches ${ratio('journal', 'batch').toFixed(2)}x of that (at least 0.90)`);
  }

  await writeRecords(input, FEW);
  const few = await measure('journal', input, output);
  await writeRecords(input, MANY);
  const many = await measure('journal', input, output);
  console.log(
    `${MANY} records take ${Math.round(many.maxMiB)} MiB, ${FEW} take ${Math.round(few.maxMiB)} MiB:`,
    `${(many.maxMiB / few.maxMiB).toFixed(2)}x (at most 1.20)`,
  );
} finally {
  await rm(folder, { recursive: true });
}
