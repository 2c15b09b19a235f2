import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Effort, Entrant, Scenario, Setting } from '../../src/bench/scenario.ts';
import { cpuOf, memoryOf } from '../../src/bench/usage.ts';
import { PluginEngine } from '../../src/index.ts';
import { parseAndPrint, writeRecords } from '../work/records.ts';

const RECORDS: Readonly<Record<Effort, number>> = { quick: 50_000, default: 100_000, full: 1_000_000 };
const CONCURRENCY = 1_024;

/** Goes once through a file, and gives the number of records. */
type Pass = (input: string, output: string) => Promise<number>;

/** File to file, as `batch` of the command line does it, and what one thread reaches that runs no plugin at all. */
export const scenario: Scenario = {
  name: 'batch',
  question: 'How many records of 100 bytes a second go from file to file, and how many when they are only parsed?',
  module: import.meta.url,
  metrics: [
    { name: 'rate', unit: 'records/s', better: 'higher' },
    { name: 'CPU per record', unit: 'µs', better: 'lower' },
    { name: 'memory', unit: 'MiB', better: 'lower' },
  ],
  cases: (effort) => [
    {
      name: `${RECORDS[effort]} records`,
      parameters: { records: RECORDS[effort] },
      candidates: ['without a journal', 'with a journal', 'parse and print'],
    },
  ],

  async open(name, setting) {
    const directory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-bench-'));
    const input = join(directory, 'in.jsonl');
    const output = join(directory, 'out.jsonl');
    const { pass, close } =
      name === 'parse and print' ? { pass: parseAndPrint, close: async () => {} } : await openBatch(name, setting);
    let written = 0;
    return {
      async round({ records }) {
        if (written !== records) await writeRecords(input, Number(records));
        written = Number(records);
        await rm(output, { force: true });
        const cpu = cpuOf();
        const began = performance.now();
        const done = await pass(input, output);
        const seconds = (performance.now() - began) / 1000;
        if (done !== records) throw new Error(`${done} of ${records} records were done`);
        return { values: { rate: done / seconds, 'CPU per record': (cpuOf() - cpu) / done, memory: memoryOf() } };
      },
      async close() {
        await close();
        await rm(directory, { recursive: true });
      },
    };
  },
};

async function openBatch(
  name: string,
  { component, threads }: Setting,
): Promise<{ readonly pass: Pass } & Pick<Entrant, 'close'>> {
  const engine = await PluginEngine.create({ threads });
  await engine.loadPlugin('plugin', component);
  const journal = name === 'without a journal' ? { journal: false as const } : {};
  return {
    async pass(input, output) {
      const options = { plugin: 'plugin', input, output, concurrency: CONCURRENCY, ...journal };
      return (await engine.batchFiles(options)).succeeded;
    },
    close: () => engine.close(),
  };
}
