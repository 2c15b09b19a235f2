import { performance } from 'node:perf_hooks';
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { removeJobs } from './batches.ts';
import { type Chunk, type ChunkContent, type ChunkRecipe, FORM, jobId, recordsIn } from './chunk.ts';
import { isComplete, missingOf } from './completeness.ts';
import { publishComponent, sha256 } from './components.ts';
import { putLines } from './lines.ts';
import { FORGET_SECONDS, type QueueConnection, queueFailure } from './redis.ts';
import { endBatch, noteBatch, openBatch, type RegisteredCounts } from './registry.ts';
import { LOST, putResults, runOf } from './results.ts';
import { Troubles } from './troubles.ts';

/** What the chunks of a batch have in common. */
export interface ChunkQueueSettings {
  readonly batch: string;
  readonly recipe: ChunkRecipe;
  readonly components: Iterable<Uint8Array>;
  readonly priority: number | undefined;
  readonly tenant: string;
  /** Whether a record may begin once only. */
  readonly atMostOnce: boolean;
  /** How far the batch is, for those who ask the queue. */
  readonly counts?: () => RegisteredCounts;
  /** Seconds for which Redis remembers how the batch ended. @default 0 */
  readonly keepSeconds?: number;
  /** Hears what keeps the batch waiting. */
  readonly onTrouble?: ((what: string) => void) | undefined;
}

/** A chunk whose results are all there. */
export interface CompleteChunk {
  readonly chunk: number;
  /** Of records by their index, as JSON of {@link ChunkResult}; of lines in pieces, by their fields. */
  readonly results: Readonly<Record<string, Buffer>>;
}

/** A chunk that is queued or runs, and its lines where it has some. */
type Outstanding = Chunk & { readonly bytes?: Buffer };

/** Seconds that one waits for a chunk, and milliseconds between two looks after all: messages can be lost with Redis. */
const WAIT_SECONDS = 2;
const LOOK_MS = 2000;
const NO_COUNTS: RegisteredCounts = { read: 0, succeeded: 0, refused: 0, failed: 0 };
/** What a job is when nobody will finish it. */
const OVER: ReadonlySet<string> = new Set(['completed', 'unknown']);

/** The chunks of one batch, into the queue and out of it. */
export class ChunkQueue {
  readonly #connection: QueueConnection;
  readonly #settings: ChunkQueueSettings;
  readonly #queue: Queue<Chunk>;
  /** For the one command that blocks. */
  readonly #listener: Redis;
  /** Queued or running, in the order of the records. */
  readonly #outstanding = new Map<number, Outstanding>();
  /** Those of them whose results are there. */
  readonly #complete = new Set<number>();
  readonly #troubles: Troubles;
  #lookedAt = 0;
  #state: 'open' | 'stopped' = 'open';

  constructor(connection: QueueConnection, settings: ChunkQueueSettings) {
    this.#connection = connection;
    this.#settings = settings;
    this.#troubles = new Troubles(settings.onTrouble ?? (() => {}));
    this.#queue = connection.jobs();
    this.#listener = connection.duplicate();
  }

  /** Chunks that are queued, run, or wait to be taken. */
  get size(): number {
    return this.#outstanding.size;
  }

  /** Makes the batch known, and puts the components where workers find them. */
  async begin(): Promise<void> {
    const { batch, tenant, components } = this.#settings;
    for (const bytes of components) await publishComponent(this.#connection, bytes, batch);
    await openBatch(this.#connection, batch, tenant);
  }

  /**
   * Puts a chunk into the queue.
   *
   * @param history `known` when an earlier run may have done so; where records begin once, that one's counts.
   */
  async add(number: number, content: ChunkContent, history: 'new' | 'known'): Promise<void> {
    const { batch, tenant, recipe, atMostOnce } = this.#settings;
    // The run of Redis as it is now: nothing of this chunk can have begun before.
    const once = atMostOnce ? { once: await runOf(this.#connection) } : {};
    const chunk: Outstanding = { form: FORM, batch, chunk: number, tenant, recipe, ...once, ...content };
    this.#outstanding.set(number, chunk);
    if (recordsIn(content) === 0) this.#complete.add(number);
    else if (history === 'new') await this.#enqueue(chunk);
    else await this.#addAgain(chunk);
  }

  async #addAgain(chunk: Outstanding): Promise<void> {
    const job = await this.#queue.getJob(jobId(chunk));
    // What made it fail may be mended by now.
    if (job !== undefined && (await job.getState()) === 'failed') await job.retry('failed');
    else if (!this.#settings.atMostOnce) await this.#enqueue(chunk);
  }

  /** Adding it twice adds it once. */
  async #enqueue({ bytes, ...chunk }: Outstanding): Promise<void> {
    const { priority } = this.#settings;
    // On one connection: they are there in this order.
    const put = bytes === undefined ? undefined : putLines(this.#connection, chunk, bytes);
    const added = this.#queue.add('chunk', chunk, {
      jobId: jobId(chunk),
      attempts: 10,
      backoff: { type: 'exponential', delay: 500 },
      // Its input has no business there any more.
      removeOnComplete: true,
      removeOnFail: { age: FORGET_SECONDS },
      ...(priority !== undefined && { priority }),
    });
    await Promise.all([put, added]);
  }

  /**
   * Waits for a chunk that is complete. It stays in Redis until {@link remove}.
   *
   * @param order Whether it has to be the first one.
   * @returns undefined when there is none left, or after {@link stop}.
   * @throws {PluginError} `ERR_BATCH_QUEUE` when the queue gave a chunk up.
   */
  async take(order: 'any' | 'in order'): Promise<CompleteChunk | undefined> {
    while (this.#outstanding.size > 0 && this.#state === 'open') {
      const number = this.#next(order);
      if (number === undefined) {
        await this.#listen();
        continue;
      }
      const chunk = this.#outstanding.get(number)!;
      const results = recordsIn(chunk) === 0 ? {} : await this.#resultsOf(chunk);
      if (isComplete(chunk, Object.keys(results))) return { chunk: number, results };
      // Redis has lost some meanwhile.
      this.#complete.delete(number);
    }
    return undefined;
  }

  #next(order: 'any' | 'in order'): number | undefined {
    const [next] = order === 'in order' ? this.#outstanding.keys() : this.#complete;
    return next !== undefined && this.#complete.has(next) ? next : undefined;
  }

  #resultsOf({ batch, chunk }: Chunk): Promise<Record<string, Buffer>> {
    return this.#connection.redis.hgetallBuffer(this.#connection.keys.results(batch, chunk));
  }

  /** Hears which chunks are complete; now and then it looks after all. */
  async #listen(): Promise<void> {
    const { keys } = this.#connection;
    const message = await this.#listener.blpop(keys.finished(this.#settings.batch), WAIT_SECONDS).catch((error) => {
      if (this.#state === 'stopped') return null;
      throw error;
    });
    // A chunk that two workers had is complete twice.
    if (message !== null && this.#outstanding.has(Number(message[1]))) this.#complete.add(Number(message[1]));
    if (this.#state === 'stopped' || performance.now() - this.#lookedAt < LOOK_MS) return;
    await this.#note();
    await this.#lookForWorkers();
    for (const chunk of this.#outstanding.values()) await this.#lookAfter(chunk);
    this.#lookedAt = performance.now();
  }

  /** Says how far the batch is, and hears what others want of it. */
  async #note(): Promise<void> {
    const { batch, counts } = this.#settings;
    const state = await noteBatch(this.#connection, batch, counts?.() ?? NO_COUNTS);
    if (state === undefined) await this.begin();
    else if (state === 'cancelled')
      throw queueFailure('The batch was cancelled', undefined, 'Continue it with `resume`.');
  }

  /** Says where nobody is there to do the work. */
  async #lookForWorkers(): Promise<void> {
    // By their connections; where Redis is one that does not show them, nothing is known.
    const workers = await this.#queue.getWorkers().catch(() => undefined);
    if (workers === undefined) return;
    if (workers.length > 0) this.#troubles.over('workers');
    else
      this.#troubles.say('workers', `No worker of this version is connected to the queue \`${this.#connection.name}\``);
  }

  /** Puts back what Redis has lost, or gives it up. */
  async #lookAfter(chunk: Outstanding): Promise<void> {
    if (this.#complete.has(chunk.chunk)) return;
    // First the job, then its results: they were written before the job ended.
    const state = await this.#queue.getJobState(jobId(chunk));
    if (state === 'delayed') {
      const reason = (await this.#queue.getJob(jobId(chunk)))?.failedReason;
      if (reason) this.#troubles.say(reason, `Chunk ${chunk.chunk} failed and will be tried again: ${reason}`);
    }
    if (state !== 'failed' && !OVER.has(state)) return;
    const { redis, keys } = this.#connection;
    const done = await redis.hkeys(keys.results(chunk.batch, chunk.chunk));
    if (isComplete(chunk, done)) this.#complete.add(chunk.chunk);
    // Read anew: it has failed since.
    else if (state === 'failed') throw gaveUp(chunk, await this.#queue.getJob(jobId(chunk)));
    else if (this.#settings.atMostOnce) {
      // A result that comes after all is late: this one is the first.
      const lost = missingOf(chunk, done).flatMap((index) => [index, LOST]);
      await putResults(this.#connection, chunk, lost, 'first');
      this.#complete.add(chunk.chunk);
    } else {
      await this.begin();
      await this.#queue.remove(jobId(chunk));
      await this.#enqueue(chunk);
    }
  }

  /** Has Redis forget a chunk; its results are elsewhere by now. */
  async remove(number: number): Promise<void> {
    const { redis, keys } = this.#connection;
    const { batch } = this.#settings;
    this.#outstanding.delete(number);
    this.#complete.delete(number);
    await redis.del(keys.results(batch, number), keys.begun(batch, number), keys.lines(batch, number));
  }

  /** Waits for nothing any more; what is queued stays there. */
  stop(): void {
    this.#state = 'stopped';
    this.#listener.disconnect();
  }

  /** Has Redis forget what is left of the batch; all its chunks were removed. */
  async end(): Promise<void> {
    const { batch, components, counts, keepSeconds = 0 } = this.#settings;
    await removeJobs(this.#connection, this.#queue, batch);
    const hashes = Array.from(components, sha256);
    await endBatch(this.#connection, batch, counts?.() ?? NO_COUNTS, hashes, keepSeconds);
    await this.#connection.redis.del(this.#connection.keys.finished(batch));
  }
}

function gaveUp({ chunk }: Chunk, job: Job<Chunk> | undefined): Error {
  const hint = 'Look at what its workers say, mend it, and continue with `resume`.';
  return queueFailure(`The queue gave up chunk ${chunk}: ${job?.failedReason}`, undefined, hint);
}
