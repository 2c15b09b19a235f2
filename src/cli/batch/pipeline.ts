import type { BatchRequest, BatchResult } from '../../batch/options.ts';
import type { PluginEngine } from '../../engine.ts';
import { PluginError } from '../../errors.ts';
import type { RequestOptions } from '../../protocol.ts';
import type { Sandbox } from '../../sandbox/policy.ts';
import type { ExitStatus } from '../failure.ts';
import { type Interrupt, interruptible } from '../interrupt.ts';
import { printJson, say } from '../output.ts';
import { counted } from '../printable.ts';
import { pluginName, withPlugin } from '../session.ts';
import { assertDistinct } from './files.ts';
import { readLines } from './lines.ts';
import { Progress } from './progress.ts';
import { type BatchRecord, deadLetterLine, outputLine, parseRecord } from './record.ts';
import { LineSink } from './sink.ts';
import { type ByteSource, openSource } from './source.ts';
import { describeSummary, type Summary, Tally } from './tally.ts';

/** The options of the `batch` command. */
export interface BatchFileOptions {
  readonly input: string;
  readonly output: string;
  readonly deadLetter?: string;
  readonly concurrency?: number;
  readonly threads?: number;
  readonly ordered?: true;
  readonly option: RequestOptions;
  readonly config: RequestOptions;
  readonly sandbox: string;
  readonly json?: true;
  readonly quiet?: true;
}

/** Malformed lines that are named on stderr one by one; a wrong file has millions of them. */
const NAMED_LINES = 100;

/** Runs the `batch` command: opens its files, loads the plugin, and says at the end how it went. */
export function runBatchFile(path: string, options: BatchFileOptions, sandbox: Sandbox): Promise<ExitStatus> {
  return interruptible(async (interrupt) => {
    const { input, output, deadLetter, config, threads, quiet = false } = options;
    const files = Object.entries({ '--input': input, '--output': output, '--dead-letter': deadLetter ?? '-' });
    await assertDistinct(files);
    const source = await openSource(input, interrupt.signal);
    const progress = new Progress(!quiet);
    const engine = threads === undefined ? {} : { threads };
    try {
      const session = { source: path, name: pluginName(path), sandbox, config, engine, quiet };
      // The plugin first: a plugin that does not load must not cost the results of an earlier run.
      const summary = await withPlugin(session, async (pool, { name }) => {
        const sinks = await openSinks(output, deadLetter);
        try {
          return await runRecords({ engine: pool, plugin: name, options, source, ...sinks, progress, interrupt });
        } finally {
          progress.stop();
          await Promise.all([sinks.output.close(), sinks.deadLetter?.close()]);
        }
      });
      await report(summary, options);
      return interrupt.status ?? (summary.succeeded === summary.records ? 0 : 1);
    } finally {
      progress.stop();
      source.close();
    }
  });
}

interface Sinks {
  readonly output: LineSink;
  readonly deadLetter: LineSink | undefined;
}

interface Run extends Sinks {
  readonly engine: PluginEngine;
  readonly plugin: string;
  readonly options: BatchFileOptions;
  readonly source: ByteSource;
  readonly progress: Progress;
  readonly interrupt: Interrupt;
}

async function openSinks(output: string, deadLetter: string | undefined): Promise<Sinks> {
  const sink = await LineSink.open(output);
  try {
    return { output: sink, deadLetter: deadLetter === undefined ? undefined : await LineSink.open(deadLetter) };
  } catch (error) {
    await sink.close();
    throw error;
  }
}

/** Streams the records through the engine. Holds what is in flight and nothing else. */
async function runRecords(run: Run): Promise<Summary> {
  const { engine, options, output, deadLetter, source, progress, interrupt } = run;
  const { concurrency, ordered = false } = options;
  const tally = new Tally();
  const inFlight = new Map<number, BatchRecord>();
  interrupt.signal.addEventListener('abort', () => {
    if (inFlight.size > 0) say(`Finishing ${counted(inFlight.size, 'record')}; interrupt again to stop at once.`);
  });
  const batch = engine.batch(requests(run, inFlight), { ordered, ...(concurrency !== undefined && { concurrency }) });
  for await (const answered of batch) {
    const record = inFlight.get(answered.index)!;
    inFlight.delete(answered.index);
    const result = 'malformed' in record ? malformedResult(answered.index, record) : answered;
    tally.add(result, 'malformed' in record ? 'malformed' : 'record');
    await output.write(outputLine(result));
    if (!result.ok || !result.success) await deadLetter?.write(deadLetterLine(record, result));
    progress.update(tally, source);
  }
  return tally.summary(interrupt.status !== undefined);
}

async function* requests(
  { plugin, options, source }: Run,
  inFlight: Map<number, BatchRecord>,
): AsyncGenerator<BatchRequest, void, undefined> {
  let index = 0;
  let malformed = 0;
  for await (const line of readLines(source.chunks)) {
    const record = parseRecord(line, options.option);
    inFlight.set(index++, record);
    if ('request' in record) {
      yield { ...record.request, plugin };
      continue;
    }
    if (++malformed <= NAMED_LINES) say(`Line ${record.line} is malformed: ${record.malformed}`);
    if (malformed === NAMED_LINES) say(`Further malformed lines are counted, and in the output.`);
    // It takes its place in the order and among what is in flight; the engine refuses what names no plugin.
    yield { input: '' };
  }
}

function malformedResult(index: number, { line, malformed, id }: Extract<BatchRecord, { malformed: string }>) {
  const error = new PluginError('ERR_INVALID_ARGUMENT', `Line ${line} is malformed: ${malformed}`);
  return { index, id, ok: false, error, attempts: 0 } as const satisfies BatchResult;
}

async function report(summary: Summary, { output, json }: BatchFileOptions): Promise<void> {
  if (json && output !== '-') await printJson(summary);
  else if (json) say(JSON.stringify(summary));
  else for (const line of describeSummary(summary)) say(line);
}
