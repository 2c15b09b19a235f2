import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PluginError } from '../../errors.ts';
import type { PluginInfo } from '../../registry/plugin-info.ts';
import { Journal } from '../journal/journal.ts';
import { BatchRun, type Flight, type Submit } from '../run.ts';
import { unusableFile } from './errors.ts';
import { BatchInput } from './input.ts';
import { type FileBatchOptions, type ResolvedFileBatchOptions, resolveFileBatchOptions } from './options.ts';
import { BatchOutput } from './output.ts';
import { RecordReader } from './reader.ts';
import { deadLetterLine, type FileRecord, outputLine, plainLine } from './record.ts';
import { retryDeadLetters } from './retry-dead-letters.ts';
import { FileSource } from './source.ts';
import { type BatchSummary, Tally, type TallyState } from './tally.ts';
import { BatchWriter, type WriterFiles } from './writer.ts';

/** The engine, as a batch of files needs it. */
export interface BatchHost {
  readonly submit: Submit;
  readonly plugins: () => readonly Pick<PluginInfo, 'name' | 'sha256'>[];
}

/**
 * Finds out what is wrong with the files before anything is loaded, as far as it can be seen.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export async function checkFileBatch(given: FileBatchOptions): Promise<void> {
  const options = resolveFileBatchOptions(given);
  await assertDistinct(options);
  const path = options.retryDeadLetters ? options.deadLetter!.path : options.input.path;
  if (path === '-') return;
  // Not opened: what is read from a pipe is gone.
  const stats = await stat(path).catch((error: unknown) => {
    throw unusableFile('read', path, error);
  });
  if (stats.isDirectory()) throw unusableFile('read', path, 'it is a directory');
}

/**
 * Runs a batch from a file into a file.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for files that cannot be used, `ERR_BATCH_FILE` when one fails while the
 * batch runs, `ERR_BATCH_JOURNAL`, `ERR_ABORTED`.
 */
export async function runFileBatch(given: FileBatchOptions, host: BatchHost): Promise<BatchSummary> {
  const options = resolveFileBatchOptions(given);
  await assertDistinct(options);
  if (options.retryDeadLetters) return retryDeadLetters(options, host.submit);
  const input = await BatchInput.open(options.input.path, options.input.compression);
  try {
    const journal = await openJournal(options, input, host);
    let outcome: Parameters<Journal['close']>[0] = 'untouched';
    try {
      const summary = await withOutputs(options, journal, (files) => {
        outcome = 'unfinished';
        return run(options, host, input, files);
      });
      outcome = summary.interrupted ? 'unfinished' : 'complete';
      return summary;
    } finally {
      await journal?.close(outcome);
    }
  } finally {
    input.close();
  }
}

async function run(
  options: ResolvedFileBatchOptions,
  host: BatchHost,
  input: BatchInput,
  files: WriterFiles,
): Promise<BatchSummary> {
  const { atMostOnce, interrupt, onProgress, onMalformed, batch } = options;
  const { checkpoint, begun } = files.journal?.state ?? { checkpoint: undefined, begun: 0 };
  const tally = new Tally(checkpoint?.tally as TallyState | undefined);
  const packed = options.output.compression !== 'none';
  const writer = new BatchWriter(files, tally, atMostOnce ? 'prompt' : packed ? 'packed' : 'normal');
  const reader = new RecordReader(input, options.input.format, options.options);
  const source = new FileSource(reader, writer, { begun: atMostOnce ? begun : 0, atMostOnce }, interrupt);
  const batchRun = new BatchRun(source, batch, host.submit);
  const line = options.output.format === 'jsonl' ? outputLine : plainLine;
  const stop = (): void => input.close();
  interrupt?.addEventListener('abort', stop, { once: true });
  if (interrupt?.aborted) stop();

  const take = (done: Flight<FileRecord>): Promise<void> | undefined => {
    const { record, response } = done;
    if (record.malformed !== undefined) onMalformed?.(record.line, record.malformed);
    tally.add(done);
    const letter = files.deadLetter === undefined || response?.success ? undefined : deadLetterLine(done);
    return writer.add(record.index, line(done), letter);
  };
  const tell = (): void => {
    const { succeeded, refused, failed } = tally.state;
    const counts = { succeeded, refused, failed, done: tally.records, recordsPerSecond: tally.perSecond };
    const bytes = { bytesRead: input.position, bytesTotal: input.size };
    onProgress?.({ ...batchRun.progress(), ...counts, ...bytes, resumed: tally.resumed });
  };
  let failure: { readonly error: unknown } | undefined;
  const glance = async (): Promise<void> => {
    try {
      tell();
      await input.assertUnchanged();
    } catch (error) {
      failure ??= { error };
      await batchRun.stop();
    }
  };
  const ticker = setInterval(() => void glance(), batch.progressIntervalMs).unref();

  try {
    for (;;) {
      const done = batchRun.take();
      if (done === undefined) {
        if ((await batchRun.wait()) === 'ended') break;
      } else {
        const full = take(done);
        if (full !== undefined) await full;
      }
    }
    if (failure !== undefined) throw failure.error;
    if (!interrupt?.aborted) await input.assertUnchanged();
    await writer.finish();
    tell();
  } catch (error) {
    await batchRun.stop();
    // What is done is kept, if it can be: it need not run again.
    await writer.flush().catch(() => {});
    throw error;
  } finally {
    clearInterval(ticker);
    interrupt?.removeEventListener('abort', stop);
    await batchRun.stop();
    await writer.stop();
  }
  return tally.summary(batchRun.progress(), interrupt?.aborted ?? false);
}

/** Opens the journal before anything is written: what it speaks of must never be gone. */
export async function openJournal(
  options: ResolvedFileBatchOptions,
  input: BatchInput,
  host: Pick<BatchHost, 'plugins'>,
): Promise<Journal | undefined> {
  const { journal: path, resume, output } = options;
  if (path === undefined) return undefined;
  if (resume && (await sizeOf(path)) === undefined && (await sizeOf(output.path))) {
    throw new PluginError('ERR_BATCH_JOURNAL', `There is no journal \`${path}\`, and there is \`${output.path}\``, {
      hint: 'The run was finished, or it kept no journal. Leave out `resume` to begin anew.',
    });
  }
  const header = { input: input.identity ?? null, recipe: recipeOf(options, host) };
  return Journal.open(path, header, resume ? 'resume' : 'new');
}

/** Opens what is written, cut to what the journal speaks of. */
export async function withOutputs<Result>(
  { output, deadLetter, journal: path }: ResolvedFileBatchOptions,
  journal: Journal | undefined,
  run: (files: WriterFiles) => Promise<Result>,
): Promise<Result> {
  const checkpoint = journal?.state.checkpoint;
  const hint =
    path === undefined ? undefined : `What \`${path}\` speaks of stays; mend it, and continue with \`resume\`.`;
  const out = await BatchOutput.open(output.path, output.compression, checkpoint?.output ?? 0, hint);
  try {
    if (deadLetter === undefined) return await run({ output: out, deadLetter: undefined, journal });
    const letters = await BatchOutput.open(deadLetter.path, deadLetter.compression, checkpoint?.deadLetter ?? 0, hint);
    try {
      return await run({ output: out, deadLetter: letters, journal });
    } finally {
      await letters.close();
    }
  } finally {
    await out.close();
  }
}

/** What the results depend on beside the input. Hashed, because a configuration may be a secret. */
function recipeOf(options: ResolvedFileBatchOptions, host: Pick<BatchHost, 'plugins'>): string {
  const { plugin, chain, ordered } = options.batch;
  const { atMostOnce, identity } = options;
  const names = new Set([plugin, ...chain]);
  const recipe = {
    plugin,
    chain,
    ordered,
    atMostOnce,
    plugins: host.plugins().flatMap(({ name, sha256 }) => (names.has(name) ? [[name, sha256]] : [])),
    input: [options.input.format, options.input.compression],
    output: [resolve(options.output.path), options.output.format],
    deadLetter: options.deadLetter === undefined ? null : resolve(options.deadLetter.path),
    options: options.options,
    identity,
  };
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex');
}

/** Makes sure that no two of the files are one: writing would destroy what is still to be read. */
export async function assertDistinct({
  input,
  output,
  deadLetter,
  journal,
  retryDeadLetters,
}: ResolvedFileBatchOptions): Promise<void> {
  const files = {
    input: retryDeadLetters ? undefined : input.path,
    output: output.path,
    deadLetter: deadLetter?.path,
    journal,
  };
  const seen = new Map<string, string>();
  for (const [name, path] of Object.entries(files)) {
    const identity = path === undefined || path === '-' ? undefined : await identityOf(path);
    if (identity === undefined) continue;
    const other = seen.get(identity);
    if (other !== undefined) {
      throw new PluginError('ERR_INVALID_ARGUMENT', `\`${other}\` and \`${name}\` are the same file, \`${path}\``);
    }
    seen.set(identity, name);
  }
}

/** Undefined for devices and pipes, which may be named more than once. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isFile() ? `${stats.dev}:${stats.ino}` : undefined;
  } catch {
    // It is not there yet.
    return resolve(path);
  }
}

/** Undefined where there is nothing, or nothing that can be looked at. */
async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
