/** One way through a file, in a process of its own: `node child.ts KIND INPUT OUTPUT`. Prints a measurement as JSON. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PluginEngine } from '../../src/index.ts';
import type { Kind, Measurement } from './measure.ts';

const [kind, input, output] = process.argv.slice(2) as [Kind, string, string];

/** What one thread reaches that does nothing but parse and print the same lines. */
async function parseAndPrint(): Promise<number> {
  const file = await open(output, 'w');
  let records = 0;
  let rest = '';
  for await (const chunk of createReadStream(input, { encoding: 'utf8', highWaterMark: 256 * 1024 })) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    let block = '';
    for (const line of lines) block += `${JSON.stringify(JSON.parse(line))}\n`;
    records += lines.length;
    await file.write(block);
  }
  await file.close();
  return records;
}

async function run(): Promise<Measurement> {
  if (kind === 'parse') return measure(parseAndPrint);
  const component = fileURLToPath(new URL('../../examples/plugins/redact/redact.wasm', import.meta.url));
  const engine = await PluginEngine.create();
  await engine.loadPlugin('redact', component);
  const journal = kind === 'batch' ? { journal: false as const } : {};
  const result = await measure(async () => {
    const { succeeded } = await engine.batchFiles({ plugin: 'redact', input, output, concurrency: 1024, ...journal });
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
  const { maxRSS } = process.resourceUsage();
  return { records, seconds, mainMicros: (user + system) / records, maxMiB: maxRSS / 1024 };
}

console.log(JSON.stringify(await run()));
