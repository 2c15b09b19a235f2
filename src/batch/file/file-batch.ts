import { stat } from 'node:fs/promises';
import { clearInterval, setInterval } from 'node:timers';
import { PluginError } from '../../errors.ts';
import { anotherRun } from '../journal/journal.ts';
import { isRemote } from '../remote/url.ts';
import type { UsedPlugin } from './batch-recipe.ts';
import { BlockFlow } from './block-flow.ts';
import { type FlowHost, takesBlocks } from './block-host.ts';
import { assertDistinct } from './distinct-files.ts';
import { dryRun } from './dry-run.ts';
import { unusableFile } from './errors.ts';
import { FailureWatch } from './failure-limit.ts';
import { withBatchFiles } from './files.ts';
import { InputBlocks } from './input-blocks.ts';
import { withInputPaths } from './input-paths.ts';
import type { BatchInputs } from './inputs.ts';
import { lineRecipe } from './line-recipe.ts';
import type { FileBatchOptions, ResolvedFileBatchOptions } from './options.ts';
import type { PieceSink } from './piece-sink.ts';
import { RecordFlow } from './record-flow.ts';
import { resolveFileBatchOptions } from './resolve-options.ts';
import { retryDeadLetters } from './retry-dead-letters.ts';
import { type BatchSummary, Tally, type TallyState } from './tally.ts';
import { BatchWriter, type WriterFiles } from './writer.ts';

/** The engine, as a batch of files needs it. */
export interface BatchHost extends FlowHost {
  readonly plugins: () => readonly UsedPlugin[];
  readonly threads: number;
}

/**
 * Finds out what is wrong with the files before anything is loaded, as far as it can be seen.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export async function checkFileBatch(given: FileBatchOptions): Promise<void> {
  const options = resolveFileBatchOptions(await withInputPaths(given));
  await assertDistinct(options);
  const paths = options.retryDeadLetters ? [options.deadLetter!.path] : options.inputs.map(({ path }) => path);
  for (const path of paths) {
    if (path === '-' || isRemote(path)) continue;
    // Not opened: what is read from a pipe is gone.
    const stats = await stat(path).catch((error: unknown) => {
      throw unusableFile('read', path, error);
    });
    if (stats.isDirectory()) throw unusableFile('read', path, 'it is a directory');
  }
}

/**
 * Runs a batch from a file into a file.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for files that cannot be used, `ERR_BATCH_FILE` when one fails while the
 * batch runs, `ERR_BATCH_JOURNAL`, `ERR_BATCH_FAILURES`, `ERR_ABORTED`.
 */
export async function runFileBatch(given: FileBatchOptions, host: BatchHost): Promise<BatchSummary> {
  const options = resolveFileBatchOptions(await withInputPaths(given));
  await assertDistinct(options);
  if (options.retryDeadLetters) return retryDeadLetters(options, host.submit);
  if (options.dryRun !== undefined) return dryRun(options, host.plugins(), host.submit, host.submitMany);
  return withBatchFiles(options, host.plugins(), (input, files) => run(options, host, input, files));
}

async function run(
  given: ResolvedFileBatchOptions,
  host: BatchHost,
  input: BatchInputs,
  files: WriterFiles,
): Promise<BatchSummary> {
  const { atMostOnce, onProgress, batch } = given;
  const watch = new FailureWatch(given.failureLimit, files.journal);
  const interrupt = watch.joined(given.interrupt);
  const options = {
    ...given,
    interrupt,
    onMalformed: (line: number, reason: string, file?: string): void => {
      watch.heard({ line, file }, reason);
      given.onMalformed?.(line, reason, file);
    },
  };
  const { checkpoint, begun } = files.journal?.state ?? { checkpoint: undefined, begun: 0 };
  const tally: Tally = new Tally(checkpoint?.tally as TallyState | undefined, () => watch.look(tally));
  watch.look(tally);
  const packed = options.output.compression !== 'none';
  const writer = new BatchWriter(files, tally, atMostOnce ? 'prompt' : packed ? 'packed' : 'normal');
  const flow = takesBlocks(options, host.threads)
    ? new BlockFlow(options, new InputBlocks(input, lineRecipe(options), host.blocks), host, counted(writer, tally))
    : new RecordFlow(options, input, host.submit, host.submitMany, writer, tally, atMostOnce ? begun : 0);
  const stop = (): void => input.close();
  interrupt?.addEventListener('abort', stop, { once: true });
  if (interrupt?.aborted) stop();

  const tell = (): void => {
    const { succeeded, refused, failed } = tally.state;
    const counts = { succeeded, refused, failed, done: tally.records, recordsPerSecond: tally.perSecond };
    const bytes = { bytesRead: input.position, bytesTotal: input.size };
    onProgress?.({ ...flow.progress(), ...counts, ...bytes, resumed: tally.resumed });
  };
  let failure: { readonly error: unknown } | undefined;
  const glance = async (): Promise<void> => {
    try {
      tell();
      await input.assertUnchanged();
    } catch (error) {
      failure ??= { error };
      await flow.stop();
    }
  };
  const ticker = setInterval(() => void glance(), batch.progressIntervalMs).unref();

  try {
    await flow.run();
    if (failure !== undefined) throw failure.error;
    if (!interrupt?.aborted) watch.look(tally, 'at the end');
    watch.assertFew();
    if (!interrupt?.aborted) await input.assertUnchanged();
    if (!interrupt?.aborted && files.journal !== undefined && tally.records !== flow.records) {
      const counts = `${tally.records} records, and the input has ${flow.records}`;
      throw anotherRun(files.journal.path, `of another input: it speaks of ${counts}`);
    }
    await writer.finish(interrupt?.aborted ? 'interrupted' : 'complete');
    tell();
  } catch (error) {
    await flow.stop();
    // What is done is kept, if it can be: it need not run again.
    await writer.flush().catch(() => {});
    throw files.journal === undefined ? error : resumable(error);
  } finally {
    clearInterval(ticker);
    interrupt?.removeEventListener('abort', stop);
    await flow.stop();
    await writer.stop();
  }
  return tally.summary(flow.progress(), interrupt?.aborted ?? false, files.journal);
}

/** Counts what is written. */
function counted(writer: BatchWriter, tally: Tally): PieceSink {
  return {
    done: writer.done,
    take: (ordinal, { count, output, letters, counts }) => {
      tally.addMany(counts);
      return writer.addBytes(ordinal, count, output, letters);
    },
  };
}

/** The error of a batch that was aborted and has a journal. */
function resumable(error: unknown): unknown {
  if (!(error instanceof PluginError) || error.code !== 'ERR_ABORTED') return error;
  return new PluginError('ERR_ABORTED', error.message, { cause: error.cause, hint: 'A run with `resume` goes on.' });
}
