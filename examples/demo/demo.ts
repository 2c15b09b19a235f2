/**
 * Three plugins in three languages over tens of thousands of lines of real text, all at once, while a fourth plugin
 * loops for ever and is killed: `npm run demo`.
 */
import { styleText } from 'node:util';
import { type BatchRequest, PluginEngine, type PluginError, type Termination } from '../../src/index.ts';
import { pluginFiles } from '../plugins/files.ts';
import { type CorpusRecord, corpus, toCsv } from './corpus.ts';
import { endlessPlugin } from './endless.ts';
import { type Measurement, measuredBatch, percentile } from './measured-batch.ts';
import { table } from './table.ts';

/** Lines in flight at once. */
const CONCURRENCY = 32;
/** Lines that become one CSV table, and tables in flight at once. */
const LINES_PER_CSV = 20;
const CSV_CONCURRENCY = 8;
const CPU_TIME_LIMIT_MS = 500;

const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const heading = (text: string): string => styleText('bold', text);

const lines: CorpusRecord[] = [];
for await (const line of corpus()) lines.push(line);
const tables: BatchRequest[] = [];
for (let at = 0; at < lines.length; at += LINES_PER_CSV) {
  tables.push({ id: `table-${at / LINES_PER_CSV}`, input: toCsv(lines.slice(at, at + LINES_PER_CSV)) });
}

console.log(`\n${heading('Loading')} three plugins that do something useful, and one that never returns`);
const engine = await PluginEngine.create();
const [redact, csvToJson, wordCount] = await Promise.all([
  engine.loadPlugin('redact', pluginFiles.redact),
  engine.loadPlugin('csv-to-json', pluginFiles.csvToJson),
  engine.loadPlugin('word-count', pluginFiles.wordCount),
  engine.loadPlugin('endless', await endlessPlugin(), { sandbox: { cpuTimeLimitMs: CPU_TIME_LIMIT_MS } }),
]);
for (const { name, metadata } of [redact, csvToJson, wordCount]) {
  console.log(`  ${name.padEnd(12)} ${metadata?.description}`);
}
console.log(`  ${'endless'.padEnd(12)} (loop $forever (br $forever)), allowed ${CPU_TIME_LIMIT_MS} ms of CPU time`);
console.log(
  `\n${heading('Running')} them all at once over ${number.format(lines.length)} lines of the README, LICENSE and CHANGELOG files in node_modules`,
);

const terminations: Termination[] = [];
engine.on('worker:terminated', (termination) => terminations.push(termination));

const endless = kill();
let masked = 0;
let example: { readonly before: string; readonly after: string } | undefined;
let rows = 0;
let words = 0;
const startedAt = performance.now();
const measurements = await Promise.all([
  measuredBatch(engine, 'redact', lines, CONCURRENCY, (result, { input }) => {
    if (!result.ok || result.output === input) return;
    masked++;
    if (input.includes('@') && input.length < 70) example ??= { before: input, after: result.output };
  }),
  measuredBatch(engine, 'csv-to-json', tables, CSV_CONCURRENCY, (result) => {
    if (result.ok) rows += (JSON.parse(result.output) as unknown[]).length;
  }),
  measuredBatch(engine, 'word-count', lines, CONCURRENCY, (result) => {
    if (result.ok) words += (JSON.parse(result.output) as { words: number }).words;
  }),
]);
const seconds = (performance.now() - startedAt) / 1000;
const killed = await endless;
await engine.close();

const sum = (of: (measurement: Measurement) => number): number =>
  measurements.reduce((total, measurement) => total + of(measurement), 0);
const lost = sum(({ sent, returned }) => sent - returned);
const unsuccessful = sum(({ returned, succeeded }) => returned - succeeded);
const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;

console.log(
  table(
    ['plugin', 'records', 'records/s', 'p50', 'p99', 'failed', 'lost'],
    measurements.map(({ plugin, sent, returned, succeeded, seconds: took, latencies }) => [
      plugin,
      number.format(sent),
      number.format(returned / took),
      milliseconds(percentile(latencies, 50)),
      milliseconds(percentile(latencies, 99)),
      number.format(returned - succeeded),
      number.format(sent - returned),
    ]),
    [
      `all, in ${seconds.toFixed(1)} s`,
      number.format(sum(({ sent }) => sent)),
      number.format(sum(({ returned }) => returned) / seconds),
      '',
      '',
      number.format(unsuccessful),
      number.format(lost),
    ],
  ),
);

console.log(`
${heading('Killed')}  endless, ${number.format(killed.after)} ms after it was sent: ${killed.error?.code ?? 'it returned'}
        ${killed.error?.message ?? 'This should not have happened'}.
        Only time on a processor counts: on a busy machine, it takes longer to use it up.
        Worker threads ended for it: ${terminations.length}. The others went on: ${number.format(lost)} records lost.
${heading('Found')}   ${number.format(masked)} lines with an address or a number to mask, ${number.format(rows)} rows of CSV, ${number.format(words)} words.
        ${example?.before}
        ${styleText('green', example?.after ?? '')}
`);

const asItShould = lost === 0 && unsuccessful === 0 && rows === lines.length;
if (!asItShould || killed.error?.code !== 'ERR_CPU_TIME_LIMIT' || terminations.length !== 1) process.exitCode = 1;

/** Sends the one request that never returns. */
async function kill(): Promise<{ readonly after: number; readonly error: PluginError | undefined }> {
  const began = performance.now();
  const error = await engine.process('endless', { input: '' }).then(
    () => undefined,
    (reason: PluginError) => reason,
  );
  return { after: performance.now() - began, error };
}
