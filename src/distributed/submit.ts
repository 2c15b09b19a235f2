import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { wholeNumber } from '../arguments.ts';
import { assertDistinct, openJournal, withOutputs } from '../batch/file/file-batch.ts';
import { BatchInput } from '../batch/file/input.ts';
import {
  type FileBatchOptions,
  type ResolvedFileBatchOptions,
  resolveFileBatchOptions,
} from '../batch/file/options.ts';
import { RecordReader } from '../batch/file/reader.ts';
import {
  type Done,
  deadLetterLine,
  type FileRecord,
  malformedError,
  outputLine,
  plainLine,
} from '../batch/file/record.ts';
import { type BatchSummary, Tally, type TallyState } from '../batch/file/tally.ts';
import { BatchWriter, type WriterFiles } from '../batch/file/writer.ts';
import type { Journal } from '../batch/journal/journal.ts';
import { type ErrorCode, PluginError } from '../errors.ts';
import { type Chunk, type ChunkPlugin, type ChunkRecipe, type ChunkRecord, type ChunkResult, jobId } from './chunk.ts';
import { publishComponent, sha256 } from './components.ts';
import type { QueueOptions } from './options.ts';
import { connect, type QueueConnection, queueFailure } from './redis.ts';

/** A plugin of a distributed batch. */
export interface SubmittedPlugin {
  /** A path, or the bytes of a component. */
  readonly component: string | Uint8Array;
  /** What it is started with. @default {} */
  readonly config?: Readonly<Record<string, string>>;
}

/** How far a distributed batch is. */
export interface SubmitProgress {
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

/** A batch from a file into a file, run by workers anywhere. */
export interface SubmitOptions
  extends QueueOptions,
    Omit<FileBatchOptions, 'concurrency' | 'atMostOnce' | 'retryDeadLetters' | 'onProgress' | 'identity' | 'signal'> {
  /** The plugins by the names that `plugin`, `chain` and the records use. */
  readonly plugins: Readonly<Record<string, SubmittedPlugin>>;
  /** Records in a chunk. @default 1000 */
  readonly chunkRecords?: number;
  /** Chunks that are queued or run at once: the reading waits for them. @default 64 */
  readonly maxChunks?: number;
  /** Chunks of a lower number go first, and those without one before all; up to 2,097,151. @default none */
  readonly priority?: number;
  /** On whose account it runs, for the rates of the workers. @default 'default' */
  readonly tenant?: string;
  readonly onProgress?: (progress: SubmitProgress) => void;
}

/** A chunk has so many bytes at the most, unless one record has more. */
const CHUNK_BYTES = 1024 * 1024;
/** Seconds that the collector waits for a chunk before it looks after all of them: messages can be lost with Redis. */
const LOOK_SECONDS = 2;

/** A chunk that is queued or runs. */
interface Outstanding {
  readonly data: Chunk;
  /** All its records, malformed ones too. */
  readonly records: readonly FileRecord[];
}

/**
 * Cuts a file into chunks, has workers run them, and collects the results.
 *
 * @throws {PluginError} `ERR_BATCH_QUEUE`, and as `engine.batchFiles` does.
 */
export async function submitBatch(options: SubmitOptions): Promise<BatchSummary> {
  const { redis, queue, plugins, chunkRecords, maxChunks, priority, tenant = 'default', onProgress, ...rest } = options;
  const size = wholeNumber('chunkRecords', chunkRecords, { min: 1, max: 1_000_000, default: 1000 });
  const most = wholeNumber('maxChunks', maxChunks, { min: 1, max: 1_000_000, default: 64 });
  wholeNumber('priority', priority, { min: 1, max: 2_097_151, default: 1 });
  const components = await readComponents(plugins);
  const recipe = Object.entries(plugins).map(([name, { config = {} }]) => [
    name,
    sha256(components.get(name)!),
    config,
  ]);
  const resolved = resolveFileBatchOptions({ ...rest, identity: { recipe, size, distributed: true } });
  await assertDistinct(resolved);
  const connection = await connect({ ...(redis !== undefined && { redis }), ...(queue !== undefined && { queue }) });
  try {
    const input = await BatchInput.open(resolved.input.path, resolved.input.compression);
    try {
      const host = { plugins: () => [...components].map(([name, bytes]) => ({ name, sha256: sha256(bytes) })) };
      const journal = await openJournal(resolved, input, host);
      let outcome: Parameters<Journal['close']>[0] = 'untouched';
      try {
        const summary = await withOutputs(resolved, journal, (files) => {
          outcome = 'unfinished';
          return new Submission(connection, resolved, input, files, {
            components,
            plugins,
            size,
            most,
            priority,
            tenant,
            onProgress,
          }).run();
        });
        outcome = summary.interrupted ? 'unfinished' : 'complete';
        return summary;
      } finally {
        await journal?.close(outcome);
      }
    } finally {
      input.close();
    }
  } finally {
    await connection.close();
  }
}

async function readComponents(plugins: SubmitOptions['plugins']): Promise<Map<string, Uint8Array>> {
  const components = new Map<string, Uint8Array>();
  for (const [name, { component }] of Object.entries(plugins)) {
    const bytes =
      typeof component === 'string' ? await readFile(component).catch((cause: unknown) => cause) : component;
    if (!(bytes instanceof Uint8Array)) {
      throw new PluginError('ERR_INVALID_ARGUMENT', `Cannot read the plugin \`${component}\``, { cause: bytes });
    }
    components.set(name, bytes);
  }
  return components;
}

interface SubmissionSettings {
  readonly components: ReadonlyMap<string, Uint8Array>;
  readonly plugins: SubmitOptions['plugins'];
  readonly size: number;
  readonly most: number;
  readonly priority: number | undefined;
  readonly tenant: string;
  readonly onProgress: SubmitOptions['onProgress'];
}

class Submission {
  readonly #connection: QueueConnection;
  readonly #options: ResolvedFileBatchOptions;
  readonly #settings: SubmissionSettings;
  readonly #input: BatchInput;
  readonly #files: WriterFiles;
  readonly #reader: RecordReader;
  readonly #tally: Tally;
  readonly #writer: BatchWriter;
  readonly #queue: Queue<Chunk>;
  /** For the one command that blocks. */
  readonly #listener: Redis;
  readonly #batch: string;
  #recipe: ChunkRecipe | undefined;
  /** In the order of the records. */
  readonly #outstanding = new Map<number, Outstanding>();
  /** A record that was read and belongs to the next chunk. */
  #held: FileRecord | undefined;
  #index = 0;
  #reading: 'open' | 'ended' = 'open';

  constructor(
    connection: QueueConnection,
    options: ResolvedFileBatchOptions,
    input: BatchInput,
    files: WriterFiles,
    settings: SubmissionSettings,
  ) {
    this.#connection = connection;
    this.#options = options;
    this.#input = input;
    this.#files = files;
    this.#settings = settings;
    const earlier = files.journal?.state.checkpoint.tally as (TallyState & { readonly batch?: string }) | undefined;
    this.#batch = earlier?.batch ?? randomUUID();
    const tally = new Tally(earlier);
    this.#tally = tally;
    const batch = this.#batch;
    const state = {
      get state() {
        return { ...tally.state, batch };
      },
    };
    this.#writer = new BatchWriter(files, state as Pick<Tally, 'state'>, 'normal');
    this.#reader = new RecordReader(input, options.input.format, options.options);
    this.#queue = new connection.bullmq.Queue<Chunk>(connection.name, connection.options);
    this.#queue.on('error', () => {});
    this.#listener = connection.duplicate();
  }

  async run(): Promise<BatchSummary> {
    const { interrupt, batch } = this.#options;
    const ticker = setInterval(() => this.#tell(), batch.progressIntervalMs).unref();
    const stop = (): void => this.#input.close();
    interrupt?.addEventListener('abort', stop, { once: true });
    try {
      await this.#begin();
      for (;;) {
        await this.#fill();
        if (this.#outstanding.size === 0) break;
        await this.#collect(await this.#wait());
      }
      if (!interrupt?.aborted) await this.#input.assertUnchanged();
      await this.#writer.finish();
      await this.#connection.redis.del(this.#connection.keys.finished(this.#batch));
      this.#tell();
    } finally {
      clearInterval(ticker);
      interrupt?.removeEventListener('abort', stop);
      await this.#writer.flush().catch(() => {});
      await this.#writer.stop();
      await this.#queue.close();
    }
    return this.#tally.summary({ retried: 0, plugins: [] }, interrupt?.aborted ?? false);
  }

  /** The name of the batch is in the journal before anything of it is in the queue. */
  async #begin(): Promise<void> {
    const { journal } = this.#files;
    if (journal !== undefined) {
      const tally = { ...this.#tally.state, batch: this.#batch };
      await journal.checkpoint({ ...journal.state.checkpoint, tally }, 'synced');
    }
    const { plugin, chain, deadlineMs, retry, idempotent } = this.#options.batch;
    const plugins: ChunkPlugin[] = [];
    for (const [name, bytes] of this.#settings.components) {
      const config = this.#settings.plugins[name]!.config ?? {};
      plugins.push({ name, sha256: await publishComponent(this.#connection, bytes), config });
    }
    this.#recipe = { plugins, plugin, chain, deadlineMs, retry, idempotent };
  }

  #tell(): void {
    const { records: done, resumed, perSecond: recordsPerSecond } = this.#tally;
    const { succeeded, refused, failed } = this.#tally.state;
    const { position: bytesRead, size: bytesTotal } = this.#input;
    const counts = { done, succeeded, refused, failed, resumed, chunks: this.#outstanding.size, recordsPerSecond };
    this.#settings.onProgress?.({ ...counts, bytesRead, bytesTotal });
  }

  // -- into the queue -----------------------------------------------------------------------------------------------

  async #fill(): Promise<void> {
    while (this.#reading === 'open' && this.#outstanding.size < this.#settings.most) {
      if (this.#options.interrupt?.aborted) return;
      const records = await this.#cut();
      if (records.length === 0) this.#reading = 'ended';
      // An earlier run has collected it.
      else if (!records.every(({ index }) => this.#writer.done.has(index))) await this.#add(records);
    }
  }

  /** The records of the next chunk: where it is cut depends on the file alone, so that a resumed run cuts alike. */
  async #cut(): Promise<FileRecord[]> {
    const records: FileRecord[] = [];
    let bytes = 0;
    while (records.length < this.#settings.size) {
      const record = this.#held ?? (await this.#reader.next());
      this.#held = undefined;
      if (record === undefined || this.#options.interrupt?.aborted) break;
      const length = Buffer.byteLength(record.input);
      if (records.length > 0 && bytes + length > CHUNK_BYTES) {
        this.#held = record;
        break;
      }
      bytes += length;
      record.index = this.#index++;
      records.push(record);
    }
    return records;
  }

  async #add(records: readonly FileRecord[]): Promise<void> {
    const sent = records.filter(({ malformed }) => malformed === undefined).map(toChunkRecord);
    const chunk = records[0]!.index;
    const data: Chunk = {
      batch: this.#batch,
      chunk,
      tenant: this.#settings.tenant,
      recipe: this.#recipe!,
      records: sent,
    };
    this.#outstanding.set(chunk, { data, records });
    if (sent.length > 0) await this.#enqueue(data);
    else await this.#connection.redis.rpush(this.#connection.keys.finished(this.#batch), chunk);
  }

  async #enqueue(data: Chunk): Promise<void> {
    const { priority } = this.#settings;
    await this.#queue.add('chunk', data, {
      jobId: jobId(data),
      attempts: 10,
      backoff: { type: 'exponential', delay: 500 },
      removeOnComplete: { count: 100, age: 3600 },
      ...(priority !== undefined && { priority }),
    });
  }

  // -- out of the queue ---------------------------------------------------------------------------------------------

  /** Waits for a chunk that is complete; after a while it looks after all of them. */
  async #wait(): Promise<number[]> {
    const { finished } = this.#connection.keys;
    const message = await this.#listener.blpop(finished(this.#batch), LOOK_SECONDS).catch(() => null);
    if (message !== null) return [Number(message[1])];
    for (const { data } of this.#outstanding.values()) await this.#lookAfter(data);
    return [...this.#outstanding.keys()];
  }

  /** Puts back what Redis has lost. */
  async #lookAfter(data: Chunk): Promise<void> {
    if (data.records.length === 0) return;
    const { redis, keys } = this.#connection;
    if ((await redis.hlen(keys.results(this.#batch, data.chunk))) >= data.records.length) return;
    for (const [name, bytes] of this.#settings.components) {
      void name;
      await publishComponent(this.#connection, bytes);
    }
    const job = await this.#queue.getJob(jobId(data));
    const state = await job?.getState();
    if (state === 'failed') {
      throw queueFailure(
        `The queue gave up chunk ${data.chunk}: ${job?.failedReason}`,
        undefined,
        'Look at what its workers say.',
      );
    }
    if (state === 'completed') await job?.remove();
    if (job === undefined || state === 'completed') await this.#enqueue(data);
  }

  /** Writes the chunks that are complete: in order, if they have to be. */
  async #collect(numbers: readonly number[]): Promise<void> {
    const complete = this.#options.batch.ordered ? this.#outstanding.keys() : numbers;
    for (const number of [...complete]) {
      const written = await this.#write(number);
      if (!written && this.#options.batch.ordered) return;
    }
  }

  /** False when the chunk is not complete. */
  async #write(number: number): Promise<boolean> {
    const chunk = this.#outstanding.get(number);
    if (chunk === undefined) return true;
    const key = this.#connection.keys.results(this.#batch, number);
    const results = await this.#connection.redis.hgetall(key);
    if (chunk.data.records.some(({ index }) => results[index] === undefined)) return false;
    for (const record of chunk.records) {
      if (this.#writer.done.has(record.index)) continue;
      if (record.malformed !== undefined) this.#options.onMalformed?.(record.line, record.malformed);
      const done = toDone(record, results[record.index]);
      this.#tally.add(done);
      const line = this.#options.output.format === 'jsonl' ? outputLine(done) : plainLine(done);
      const letter = this.#files.deadLetter === undefined || done.response?.success ? undefined : deadLetterLine(done);
      const full = this.#writer.add(record.index, line, letter);
      if (full !== undefined) await full;
    }
    // It is in the output and in the journal before Redis forgets it.
    await this.#writer.flush();
    this.#outstanding.delete(number);
    await this.#connection.redis.del(key);
    return true;
  }
}

function toChunkRecord({ index, input, options, plugin }: FileRecord): ChunkRecord {
  return { index, input, ...(options.length > 0 && { options }), ...(plugin !== undefined && { plugin }) };
}

function toDone(record: FileRecord, value: string | undefined): Done {
  if (record.malformed !== undefined) {
    return { record, response: undefined, error: malformedError(record), attempts: 0 };
  }
  const result = JSON.parse(value!) as ChunkResult;
  if ('response' in result) return { record, response: result.response, error: undefined, attempts: 1 };
  const { code, message, hint } = result.error;
  const error = new PluginError(code as ErrorCode, message, { hint });
  return { record, response: undefined, error, attempts: result.attempts };
}
