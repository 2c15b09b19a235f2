import { randomUUID } from 'node:crypto';
import { clearInterval, setInterval } from 'node:timers';
import type { Job } from 'bullmq';
import type { BatchRequest, BatchResult } from '../batch/options.ts';
import type { PluginEngine } from '../engine.ts';
import type { Chunk, ChunkRecord, ChunkResult } from './chunk.ts';
import type { WorkerPlugins } from './components.ts';
import { takeTokens } from './rate-limit.ts';
import type { QueueConnection } from './redis.ts';
import { isOpen } from './registry.ts';
import { beginRecords, finishChunk, LOST, putResults } from './results.ts';

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
  /** Results that are not in Redis yet: index and value, in turns. */
  #results: (string | number)[] = [];
  #written = 0;
  #checkpoints: Promise<void> = Promise.resolve();
  /** Aborted when nobody wants the results any more. */
  readonly #unwanted = new AbortController();
  #failure: { readonly error: unknown } | undefined;
  /** Of this run among others of the same chunk: a worker that lost its lock may still be at it. */
  readonly #name = randomUUID();

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
    const { batch, chunk, records, recipe, tenant } = this.#chunk;
    const { redis, keys } = this.#connection;
    // Of a batch that is over, or was cancelled.
    if (!(await isOpen(this.#connection, batch))) return { records: 0 };
    const key = keys.results(batch, chunk);
    const done = new Set(await redis.hkeys(key));
    const left = records.filter(({ index }) => !done.has(`${index}`));
    this.#written = records.length - left.length;
    const rate = this.#settings.rates.get(tenant);
    if (rate !== undefined && left.length > 0) {
      const wait = await takeTokens(this.#connection, tenant, rate, left.length);
      if (wait > 0) await this.#giveBack(wait);
    }
    await this.#plugins.with(recipe.plugins, (names) => this.#runRecords(left, names));
    if (this.#unwanted.signal.aborted) return { records: 0 };
    if (this.#written < records.length) await this.#giveBack(0);
    await finishChunk(this.#connection, this.#chunk);
    this.#status.chunks++;
    return { records: records.length };
  }

  /** To the next worker, after some milliseconds; what is done stays in Redis. */
  async #giveBack(milliseconds: number): Promise<never> {
    await this.#job.moveToDelayed(Date.now() + milliseconds, this.#token);
    throw new this.#connection.bullmq.DelayedError();
  }

  async #runRecords(records: readonly ChunkRecord[], names: ReadonlyMap<string, string>): Promise<void> {
    const { recipe, once } = this.#chunk;
    const named = (name: string): string => names.get(name) ?? name;
    const { plugin, deadlineMs, retry, idempotent, chain } = recipe;
    const stopped = AbortSignal.any([this.#stopped, this.#unwanted.signal]);
    const request = ({ input, options = [], plugin: own }: ChunkRecord): BatchRequest => ({
      input,
      options,
      ...(own !== undefined && { plugin: known(names, own) }),
    });
    /** Those that began here, in this order. */
    const running: number[] = [];
    const begin = (records: readonly ChunkRecord[]) => this.#begin(records);
    const slice = this.#settings.concurrency;
    async function* requests(): AsyncGenerator<BatchRequest> {
      for (let at = 0; at < records.length && !stopped.aborted; at += slice) {
        // Whoever has begun is not given back.
        for (const record of await begin(records.slice(at, at + slice))) {
          running.push(record.index);
          yield request(record);
        }
      }
    }
    function* repeatable(): Generator<BatchRequest> {
      for (const record of records) {
        if (stopped.aborted) return;
        running.push(record.index);
        yield request(record);
      }
    }
    const results = this.#engine.batch(once === undefined ? repeatable() : requests(), {
      ...(plugin !== undefined && { plugin: named(plugin) }),
      chain: chain.map(named),
      concurrency: this.#settings.concurrency,
      retry,
      idempotent,
      signal: AbortSignal.any([this.#givenUp, this.#unwanted.signal]),
      ...(deadlineMs !== undefined && { deadlineMs }),
    });
    // By the clock: a slow record must not keep the results before it from Redis.
    const ticker = setInterval(() => void this.#checkpoint(), this.#settings.checkpointMs);
    try {
      for await (const result of results) {
        this.#results.push(running[result.index]!, JSON.stringify(resultOf(result)));
      }
    } catch (error) {
      // What ran too long goes back with its chunk.
      if (!this.#givenUp.aborted && !this.#unwanted.signal.aborted) throw error;
    } finally {
      clearInterval(ticker);
    }
    await this.#checkpoint();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Those of some records that may begin now, where each begins once; the others are lost. */
  async #begin(records: readonly ChunkRecord[]): Promise<readonly ChunkRecord[]> {
    const indexes = records.map(({ index }) => index);
    const mine = await beginRecords(this.#connection, this.#chunk, this.#chunk.once!, this.#name, indexes);
    for (const index of indexes) if (!mine.has(index)) this.#results.push(index, LOST);
    return records.filter(({ index }) => mine.has(index));
  }

  /** Writes what is done; one after the other, so that the last one resolves when all is written. */
  #checkpoint(): Promise<void> {
    this.#checkpoints = this.#checkpoints
      .then(() => this.#write())
      .catch((error: unknown) => {
        this.#failure ??= { error };
      });
    return this.#checkpoints;
  }

  async #write(): Promise<void> {
    const results = this.#results;
    const { batch, once, records } = this.#chunk;
    this.#results = [];
    const wanted =
      results.length === 0
        ? await isOpen(this.#connection, batch)
        : await putResults(this.#connection, this.#chunk, results, once === undefined ? 'last' : 'first');
    if (!wanted) this.#unwanted.abort();
    if (!wanted || results.length === 0) return;
    this.#written += results.length / 2;
    this.#status.records += results.length / 2;
    // For those who look on; a job that Redis has lost has none.
    await this.#job.updateProgress({ done: this.#written, of: records.length }).catch(() => {});
  }
}

/** Only the batch's own plugins can be named: an engine's other plugins belong to other batches. */
function known(names: ReadonlyMap<string, string>, name: string): string {
  return names.get(name) ?? `not in the batch: ${name}`;
}

function resultOf(result: BatchResult): ChunkResult {
  if (result.ok) {
    const { output, success, errorMessage } = result;
    return { response: { output, success, ...(errorMessage !== undefined && { errorMessage }) } };
  }
  const { code, message, hint } = result.error;
  return { error: { code, message, ...(hint !== undefined && { hint }) }, attempts: result.attempts };
}
