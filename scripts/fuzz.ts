import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type FuzzReport, fuzz } from '../test/hostile/artifact/fuzz.ts';
import { mutant } from '../test/hostile/artifact/mutate.ts';
import { components } from '../test/hostile/artifact/seeds.ts';

/*
 * Feeds mutated components to the engine's parts for as long as it is told to:
 *
 *     npm run fuzz -- --seconds 600 --seed 7
 *
 * For each problem it says how to see it again, and keeps the mutant in a file.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    first: { type: 'string', default: '0' },
    mutants: { type: 'string', default: String(2 ** 31) },
    processes: { type: 'string', default: '2' },
  },
});

function whole(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0) {
    console.error(`Expected --${name} to be a whole number, got \`${values[name]}\`.`);
    process.exit(2);
  }
  return value;
}

const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : whole('seed');
const until = performance.now() + whole('seconds') * 1000;
console.log(`seed ${seed}`);

const report = await fuzz({
  seed,
  first: whole('first'),
  mutants: whole('mutants'),
  processes: whole('processes'),
  enough: () => performance.now() >= until,
});
await print(report);
process.exitCode = report.problems.length === 0 ? 0 : 1;

async function print({ judged, outcomes, problems }: FuzzReport): Promise<void> {
  for (const [outcome, count] of [...outcomes].sort(([, a], [, b]) => b - a)) {
    console.log(`${String(count).padStart(10)}  ${outcome}`);
  }
  console.log(`${String(judged).padStart(10)}  in all, ${problems.length} with problems`);
  const seeds = problems.length === 0 ? [] : await components();
  for (const { index, problem } of problems) {
    const { bytes, how } = mutant(seed, index, seeds);
    const file = join(tmpdir(), `mutant-${seed}-${index}.wasm`);
    writeFileSync(file, bytes);
    console.log(`\nmutant ${index} (${how}): ${problem}`);
    console.log(`  again: npm run fuzz -- --seed ${seed} --first ${index} --mutants 1`);
    console.log(`  bytes: ${file}`);
  }
}
