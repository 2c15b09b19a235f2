import { clearInterval, setInterval } from 'node:timers';
import type { Job } from 'bullmq';
import type { PluginEngine } from '../engine.ts';
import { type Chunk, recordsIn } from './chunk.ts';
import type { ChunkPlace, ChunkWork } from './chunk-work.ts';
import type { WorkerPlugins } from './components.ts';
import { LinesLostError, LineWork } from './line-work.ts';
import { takeTokens } from './rate-limit.ts';
import { RecordWork } from './record-work.ts';
import type { QueueConnection } from './redis.ts';
import { isOpen } from './registry.ts';
import { finishChunk } from './results.ts';

/** How a worker runs chunks. */
export interface ChunkSettings {
  readonly concurrency: number;
  readonly checkpointMs: number;
  /** Records that tenants may run in a second. */
  readonly rates: ReadonlyMap<string, number>;
}

/** One run of a chunk: what an earlier run has left in Redis is not run again. */
export class ChunkRun {
  readonly #job: Job<Chunk>;
  readonly #chunk: Chunk;
  readonly #token: string | undefined;
  readonly #connection: QueueConnection;
  readonly #engine: PluginEngine;
  readonly #plugins: WorkerPlugins;
  readonly #settings: ChunkSettings;
  readonly #stopped: AbortSignal;
  readonly #givenUp: AbortSignal;
  readonly #status: { chunks: number; records: number };
  #written = 0;
  #checkpoints: Promise<void> = Promise.resolve();
  /** Aborted when nobody wants the results any more. */
  readonly #unwanted = new AbortController();
  #failure: { readonly error: unknown } | undefined;

  constructor(
    job: Job<Chunk>,
    chunk: Chunk,
    token: string | undefined,
    connection: QueueConnection,
    engine: PluginEngine,
    plugins: WorkerPlugins,
    settings: ChunkSettings,
    stopped: AbortSignal,
    givenUp: AbortSignal,
    status: { chunks: number; records: number },
  ) {
    this.#job = job;
    this.#chunk = chunk;
    this.#token = token;
    this.#connection = connection;
    this.#engine = engine;
    this.#plugins = plugins;
    this.#settings = settings;
    this.#stopped = stopped;
    this.#givenUp = givenUp;
    this.#status = status;
  }

  async run(): Promise<{ readonly records: number }> {
    const { batch, chunk, recipe, tenant } = this.#chunk;
    const { redis, keys } = this.#connection;
    // Of a batch that is over, or was cancelled.
    if (!(await isOpen(this.#connection, batch))) return { records: 0 };
    const records = recordsIn(this.#chunk);
    const work = this.#workOf(await redis.hkeys(keys.results(batch, chunk)));
    this.#written = records - work.left;
    const rate = this.#settings.rates.get(tenant);
    if (rate !== undefined && work.left > 0) {
      const wait = await takeTokens(this.#connection, tenant, rate, work.left);
      if (wait > 0) await this.#giveBack(wait);
    }
    try {
      await this.#plugins.with(recipe.plugins, (names) => this.#do(work, names));
    } catch (error) {
      // Without its job it is put there again by the one who submits it, if anything of it is missing.
      if (error instanceof LinesLostError) return { records: 0 };
      throw error;
    }
    if (this.#unwanted.signal.aborted) return { records: 0 };
    if (this.#written < records) await this.#giveBack(0);
    await finishChunk(this.#connection, this.#chunk);
    this.#status.chunks++;
    return { records };
  }

  #workOf(done: readonly string[]): ChunkWork {
    const place: ChunkPlace = {
      connection: this.#connection,
      engine: this.#engine,
      concurrency: this.#settings.concurrency,
      stopped: AbortSignal.any([this.#stopped, this.#unwanted.signal]),
      givenUp: AbortSignal.any([this.#givenUp, this.#unwanted.signal]),
    };
    if ('records' in this.#chunk) return new RecordWork(this.#chunk, done, place);
    const { UnrecoverableError } = this.#connection.bullmq;
    return new LineWork(this.#chunk, done, place, (message) => new UnrecoverableError(message));
  }

  /** To the next worker, after some milliseconds; what is done stays in Redis. */
  async #giveBack(milliseconds: number): Promise<never> {
    await this.#job.moveToDelayed(Date.now() + milliseconds, this.#token);
    throw new this.#connection.bullmq.DelayedError();
  }

  async #do(work: ChunkWork, names: ReadonlyMap<string, string>): Promise<void> {
    // By the clock: a slow record must not keep the results before it from Redis.
    const ticker = setInterval(() => void this.#checkpoint(work), this.#settings.checkpointMs);
    try {
      await work.run(names);
    } finally {
      clearInterval(ticker);
    }
    await this.#checkpoint(work);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Writes what is done; one after the other, so that the last one resolves when all is written. */
  #checkpoint(work: ChunkWork): Promise<void> {
    this.#checkpoints = this.#checkpoints
      .then(() => this.#write(work))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      });
    return this.#checkpoints;
  }

  async #write(work: ChunkWork): Promise<void> {
    const written = await work.write();
    // Nothing was done since, but somebody may have cancelled it.
    const wanted = written === 0 ? await isOpen(this.#connection, this.#chunk.batch) : written !== undefined;
    if (!wanted) this.#unwanted.abort();
    if (!wanted || !written) return;
    this.#written += written;
    this.#status.records += written;
    // For those who look on; a job that Redis has lost has none.
    await this.#job.updateProgress({ done: this.#written, of: recordsIn(this.#chunk) }).catch(() => {});
  }
}
