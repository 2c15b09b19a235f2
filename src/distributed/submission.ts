import { randomUUID } from 'node:crypto';
import { clearInterval, setInterval } from 'node:timers';
import { isOfBlocks } from '../batch/file/block-host.ts';
import { FailureWatch } from '../batch/file/failure-limit.ts';
import type { BatchInputs } from '../batch/file/inputs.ts';
import type { ResolvedFileBatchOptions } from '../batch/file/options.ts';
import { type BatchSummary, Tally, type TallyState } from '../batch/file/tally.ts';
import { BatchWriter, type WriterFiles } from '../batch/file/writer.ts';
import { PluginError } from '../errors.ts';
import { ChunkQueue, type ChunkQueueSettings, type CompleteChunk } from './chunk-queue.ts';
import { LineCutter } from './line-cutter.ts';
import { RecordCutter } from './record-cutter.ts';
import type { QueueConnection } from './redis.ts';
import type { RegisteredCounts } from './registry.ts';
import { type Cutter, isCollected, type Stretch } from './stretch.ts';
import { SubmissionOutput } from './submission-output.ts';

/**
 * How far a distributed batch is.
 *
 * @example
 * const onProgress = ({ done, recordsPerSecond }: SubmitProgress) => console.log(done, recordsPerSecond);
 * const plugins = { redact: { component: 'redact.wasm' } };
 * await submitBatch({ plugins, plugin: 'redact', input: 'in.jsonl', output: 'out.jsonl', onProgress });
 */
export interface SubmitProgress {
  /** Records that were read by this run, and what is done of them and by earlier runs. */
  readonly read: number;
  readonly done: number;
  readonly succeeded: number;
  readonly refused: number;
  readonly failed: number;
  readonly resumed: number;
  /** Chunks that are queued or run. */
  readonly chunks: number;
  readonly recordsPerSecond: number;
  readonly bytesRead: number;
  readonly bytesTotal: number | undefined;
}

/** How a file is cut and queued. */
export interface SubmissionSettings extends Omit<ChunkQueueSettings, 'batch' | 'atMostOnce'> {
  /** Records in a chunk. */
  readonly size: number;
  /** Chunks that are queued or run at once. */
  readonly most: number;
  readonly onProgress: ((progress: SubmitProgress) => void) | undefined;
  readonly onSubmitted: ((batch: string) => void) | undefined;
}

/** A file on its way through the queue: cut into chunks, and collected into the output. */
export class Submission {
  readonly #connection: QueueConnection;
  readonly #options: ResolvedFileBatchOptions;
  readonly #settings: SubmissionSettings;
  readonly #input: BatchInputs;
  readonly #files: WriterFiles;
  readonly #cutter: Cutter;
  readonly #tally: Tally;
  readonly #writer: BatchWriter;
  readonly #output: SubmissionOutput;
  readonly #queue: ChunkQueue;
  readonly #watch: FailureWatch;
  readonly #batch: string;
  /** Those whose chunks are in the queue, by their numbers. */
  readonly #stretches = new Map<number, Stretch>();
  /** Records below this one may be in the queue since an earlier run. */
  readonly #known: number;
  #reading: 'open' | 'ended' = 'open';

  constructor(
    connection: QueueConnection,
    options: ResolvedFileBatchOptions,
    input: BatchInputs,
    files: WriterFiles,
    settings: SubmissionSettings,
  ) {
    this.#connection = connection;
    this.#watch = new FailureWatch(options.failureLimit, files.journal);
    this.#options = { ...options, interrupt: this.#watch.joined(options.interrupt) };
    this.#input = input;
    this.#files = files;
    this.#settings = settings;
    const { atMostOnce } = options;
    const { checkpoint, begun = 0 } = files.journal?.state ?? {};
    const earlier = checkpoint?.tally as (TallyState & { readonly batch?: string }) | undefined;
    const batch = earlier?.batch ?? randomUUID();
    this.#batch = batch;
    this.#known = earlier?.batch === undefined ? 0 : atMostOnce ? begun : Number.POSITIVE_INFINITY;
    const tally: Tally = new Tally(earlier, () => this.#watch.look(tally));
    this.#tally = tally;
    const state = {
      get state() {
        return { ...tally.state, batch };
      },
    };
    this.#writer = new BatchWriter(files, state, 'normal');
    this.#output = new SubmissionOutput(options, tally, this.#watch, this.#writer);
    const Cut = isOfBlocks(options) ? LineCutter : RecordCutter;
    this.#cutter = new Cut(input, this.#options, settings.size);
    this.#queue = new ChunkQueue(connection, { ...settings, batch, atMostOnce, counts: () => this.#counts() });
  }

  async run(): Promise<BatchSummary> {
    const { interrupt, batch } = this.#options;
    const ticker = setInterval(() => this.#tell(), batch.progressIntervalMs).unref();
    const stop = (): void => {
      this.#input.close();
      this.#queue.stop();
    };
    interrupt?.addEventListener('abort', stop, { once: true });
    this.#watch.look(this.#tally);
    if (interrupt?.aborted) stop();
    try {
      // It is closed where it was interrupted and Redis is away: what is missing, the next run finds.
      await Promise.race([this.#collect(), this.#connection.closed]);
      this.#watch.assertFew();
    } catch (error) {
      if (!interrupt?.aborted || error instanceof PluginError) throw error;
    } finally {
      clearInterval(ticker);
      interrupt?.removeEventListener('abort', stop);
      await this.#writer.flush().catch(() => {});
      await this.#writer.stop();
    }
    this.#tell();
    return this.#tally.summary({ retried: 0, plugins: [] }, interrupt?.aborted ?? false, this.#files.journal);
  }

  async #collect(): Promise<void> {
    const { interrupt, batch } = this.#options;
    await this.#begin();
    for (;;) {
      await this.#fill();
      const complete = await this.#queue.take(batch.ordered ? 'in order' : 'any');
      if (complete === undefined) break;
      await this.#write(complete.chunk, complete.results);
    }
    if (!interrupt?.aborted) this.#watch.look(this.#tally, 'at the end');
    await this.#writer.finish(interrupt?.aborted ? 'interrupted' : 'complete');
    if (interrupt?.aborted) return;
    await this.#input.assertUnchanged();
    await this.#queue.end();
  }

  /** The name of the batch is in the journal before anything of it is in the queue. */
  async #begin(): Promise<void> {
    const { journal } = this.#files;
    if (journal !== undefined) {
      const tally = { ...this.#tally.state, batch: this.#batch };
      await journal.checkpoint({ ...journal.state.checkpoint, tally }, 'synced');
    }
    await this.#queue.begin();
    this.#settings.onSubmitted?.(this.#batch);
  }

  #counts(): RegisteredCounts {
    const { succeeded, refused, failed } = this.#tally.state;
    return { read: this.#cutter.read, succeeded, refused, failed };
  }

  #tell(): void {
    const { records: done, resumed, perSecond: recordsPerSecond } = this.#tally;
    const { succeeded, refused, failed } = this.#tally.state;
    const { position: bytesRead, size: bytesTotal } = this.#input;
    const read = Math.max(0, this.#cutter.read - resumed);
    const counts = { read, done, succeeded, refused, failed, resumed, chunks: this.#queue.size, recordsPerSecond };
    this.#settings.onProgress?.({ ...counts, bytesRead, bytesTotal });
  }

  async #fill(): Promise<void> {
    while (this.#reading === 'open' && this.#queue.size < this.#settings.most) {
      if (this.#options.interrupt?.aborted) return;
      const stretch = await this.#cutter.next();
      if (stretch === undefined) this.#reading = 'ended';
      // An earlier run has collected it.
      else if (!isCollected(stretch, this.#writer.done)) await this.#add(stretch);
    }
  }

  async #add(stretch: Stretch): Promise<void> {
    const chunk = stretch.number;
    this.#stretches.set(chunk, stretch);
    const history = chunk < this.#known ? 'known' : 'new';
    if (this.#options.atMostOnce && history === 'new') await this.#writer.begin(this.#cutter.read);
    await this.#queue.add(chunk, stretch.content(this.#writer.done), history);
  }

  async #write(chunk: number, results: CompleteChunk['results']): Promise<void> {
    await this.#stretches.get(chunk)!.write(results, this.#output);
    // It is in the output and in the journal before Redis forgets it.
    await this.#writer.flush();
    this.#stretches.delete(chunk);
    await this.#queue.remove(chunk);
  }
}
