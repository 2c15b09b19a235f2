/** One way through a file, in a process of its own: `node child.ts KIND INPUT OUTPUT`. Prints a measurement as JSON. */
import { fileURLToPath } from 'node:url';
import { PluginEngine } from '../../src/index.ts';
import { parseAndPrint } from '../work/records.ts';
import type { Kind, Measurement } from './measure.ts';

const [kind, input, output] = process.argv.slice(2) as [Kind, string, string];

async function run(): Promise<Measurement> {
  if (kind === 'parse') return measure(() => parseAndPrint(input, output));
  const component = fileURLToPath(new URL('../../examples/plugins/redact/redact.wasm', import.meta.url));
  const engine = await PluginEngine.create();
  await engine.loadPlugin('redact', component);
  const journal = kind === 'batch' ? { journal: false as const } : {};
  const result = await measure(async () => {
    const { succeeded } = await engine.batchFiles({ plugin: 'redact', input, output, concurrency: 512, ...journal });
    return succeeded;
  });
  await engine.close();
  return result;
}

async function measure(work: () => Promise<number>): Promise<Measurement> {
  const startedAt = performance.now();
  const cpu = process.threadCpuUsage();
  const records = await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.threadCpuUsage(cpu);
  const all = process.cpuUsage();
  const allMicros = (all.user + all.system) / records;
  const { maxRSS } = process.resourceUsage();
  return { records, seconds, mainMicros: (user + system) / records, allMicros, maxMiB: maxRSS / 1024 };
}

console.log(JSON.stringify(await run()));
