import { randomUUID } from 'node:crypto';
import { clearInterval, setInterval } from 'node:timers';
import { FailureWatch } from '../batch/file/failure-limit.ts';
import { InputRecords } from '../batch/file/input-records.ts';
import type { BatchInputs } from '../batch/file/inputs.ts';
import type { ResolvedFileBatchOptions } from '../batch/file/options.ts';
import type { RecordReader } from '../batch/file/reader.ts';
import { type FileRecord, malformedError } from '../batch/file/record.ts';
import { type Done, deadLetterLine, outputLine, plainLine } from '../batch/file/result-line.ts';
import { Selection } from '../batch/file/selection.ts';
import { type BatchSummary, Tally, type TallyState } from '../batch/file/tally.ts';
import { BatchWriter, type WriterFiles } from '../batch/file/writer.ts';
import { PluginError } from '../errors.ts';
import { type ChunkRecord, errorOf } from './chunk.ts';
import { ChunkQueue, type ChunkQueueSettings } from './chunk-queue.ts';
import { toChunkResult } from './incoming.ts';
import type { QueueConnection } from './redis.ts';
import type { RegisteredCounts } from './registry.ts';

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

/** A chunk has so many bytes at the most, unless one record has more. */
const CHUNK_BYTES = 1024 * 1024;
/** What a record takes beside its input, roughly: a million empty ones are no small chunk either. */
const RECORD_BYTES = 32;

/** A file on its way through the queue: cut into chunks, and collected into the output. */
export class Submission {
  readonly #connection: QueueConnection;
  readonly #options: ResolvedFileBatchOptions;
  readonly #settings: SubmissionSettings;
  readonly #input: BatchInputs;
  readonly #files: WriterFiles;
  readonly #reader: RecordReader;
  readonly #tally: Tally;
  readonly #writer: BatchWriter;
  readonly #queue: ChunkQueue;
  readonly #watch: FailureWatch;
  readonly #batch: string;
  /** The records of the chunks that are in the queue, malformed ones too. */
  readonly #records = new Map<number, readonly FileRecord[]>();
  /** Records below this one may be in the queue since an earlier run. */
  readonly #known: number;
  /** A record that was read and belongs to the next chunk. */
  #held: FileRecord | undefined;
  readonly #selection: Selection;
  /** Of the records that were read, and of those of them that run, by which the queue knows them. */
  #index = 0;
  #ordinal = 0;
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
    this.#reader = new InputRecords(input, options);
    this.#selection = new Selection(options.selection);
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
    return { read: this.#ordinal, succeeded, refused, failed };
  }

  #tell(): void {
    const { records: done, resumed, perSecond: recordsPerSecond } = this.#tally;
    const { succeeded, refused, failed } = this.#tally.state;
    const { position: bytesRead, size: bytesTotal } = this.#input;
    const read = Math.max(0, this.#ordinal - resumed);
    const counts = { read, done, succeeded, refused, failed, resumed, chunks: this.#queue.size, recordsPerSecond };
    this.#settings.onProgress?.({ ...counts, bytesRead, bytesTotal });
  }

  async #fill(): Promise<void> {
    while (this.#reading === 'open' && this.#queue.size < this.#settings.most) {
      if (this.#options.interrupt?.aborted) return;
      const records = await this.#cut();
      if (records.length === 0) this.#reading = 'ended';
      // An earlier run has collected it.
      else if (!records.every(({ ordinal }) => this.#writer.done.has(ordinal))) await this.#add(records);
    }
  }

  /** The records of the next chunk: where it is cut depends on the file alone, so that a resumed run cuts alike. */
  async #cut(): Promise<FileRecord[]> {
    const records: FileRecord[] = [];
    let bytes = 0;
    while (records.length < this.#settings.size) {
      const record = this.#held ?? (await this.#nextChosen());
      this.#held = undefined;
      if (this.#options.interrupt?.aborted) return [];
      if (record === undefined) break;
      const length = Buffer.byteLength(record.input) + RECORD_BYTES;
      if (records.length > 0 && bytes + length > CHUNK_BYTES) {
        this.#held = record;
        break;
      }
      bytes += length;
      record.ordinal = this.#ordinal++;
      records.push(record);
    }
    return records;
  }

  async #nextChosen(): Promise<FileRecord | undefined> {
    while (!this.#selection.isOver) {
      const record = await this.#reader.next();
      if (record === undefined || this.#options.interrupt?.aborted) return undefined;
      record.index = this.#index++;
      if (this.#selection.takes(record.index)) return record;
    }
    return undefined;
  }

  async #add(records: readonly FileRecord[]): Promise<void> {
    const chunk = records[0]!.ordinal;
    const wanted = records.filter(
      ({ malformed, ordinal }) => malformed === undefined && !this.#writer.done.has(ordinal),
    );
    this.#records.set(chunk, records);
    const history = chunk < this.#known ? 'known' : 'new';
    if (this.#options.atMostOnce && history === 'new') await this.#writer.begin(this.#ordinal);
    await this.#queue.add(chunk, wanted.map(toChunkRecord), history);
  }

  async #write(chunk: number, results: Readonly<Record<string, string>>): Promise<void> {
    for (const record of this.#records.get(chunk)!) {
      if (this.#writer.done.has(record.ordinal)) continue;
      if (record.malformed !== undefined) {
        this.#watch.heard(record, record.malformed);
        this.#options.onMalformed?.(record.line, record.malformed, record.file);
      }
      const done = toDone(record, results[record.ordinal]);
      this.#tally.add(done);
      const line = this.#options.output.format === 'jsonl' ? outputLine(done) : plainLine(done);
      const letter = this.#files.deadLetter === undefined || done.response?.success ? undefined : deadLetterLine(done);
      const full = this.#writer.add(record.ordinal, line, letter);
      if (full !== undefined) await full;
    }
    // It is in the output and in the journal before Redis forgets it.
    await this.#writer.flush();
    this.#records.delete(chunk);
    await this.#queue.remove(chunk);
  }
}

function toChunkRecord({ ordinal: index, input, options, plugin }: FileRecord): ChunkRecord {
  return { index, input, ...(options.length > 0 && { options }), ...(plugin !== undefined && { plugin }) };
}

function toDone(record: FileRecord, value: string | undefined): Done {
  if (record.malformed !== undefined) {
    return { record, response: undefined, error: malformedError(record), attempts: 0 };
  }
  const result = toChunkResult(record.ordinal, value!);
  if ('response' in result) return { record, response: result.response, error: undefined, attempts: 1 };
  return { record, response: undefined, error: errorOf(result), attempts: result.attempts };
}
