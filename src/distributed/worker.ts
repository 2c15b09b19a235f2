import { randomUUID } from 'node:crypto';
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';
import type { Job, Worker } from 'bullmq';
import { invalidArgument, knownKeys, wholeNumber } from '../arguments/arguments.ts';
import type { BatchRequest, BatchResult } from '../batch/options.ts';
import type { EngineOptions } from '../engine/options.ts';
import { PluginEngine } from '../engine.ts';
import { type EmbedderImports, resolveImports } from '../host/imports/embedder-imports.ts';
import type { Sandbox } from '../host/policy/policy.ts';
import type { Chunk, ChunkRecord, ChunkResult } from './chunk.ts';
import { WorkerPlugins } from './components.ts';
import { toChunk } from './incoming.ts';
import type { QueueOptions } from './options.ts';
import { takeTokens } from './rate-limit.ts';
import { connect, type QueueConnection, reasonOf } from './redis.ts';
import { beginRecords, finishChunk, LOST, putResults } from './results.ts';
import { Troubles } from './troubles.ts';

/** How a worker works. */
export interface WorkerOptions extends QueueOptions {
  /** How its engine is made. @default {} */
  readonly engine?: EngineOptions;
  /** What plugins may do on this machine; the one who submits has no say in it. @default 'restricted' */
  readonly sandbox?: Sandbox;
  /** What plugins of this worker may import beside WASI and the contract, and the modules that supply it. @default {} */
  readonly imports?: EmbedderImports;
  /** Chunks at once: more than one, so that there is work while another chunk is fetched or written. @default 2 */
  readonly chunks?: number;
  /** Records in flight at once, of each chunk. @default 256 */
  readonly concurrency?: number;
  /** Milliseconds between two checkpoints of a chunk. @default 250 */
  readonly checkpointMs?: number;
  /** Milliseconds after which a chunk whose worker is not heard of goes to another one. @default 30_000 */
  readonly lockMs?: number;
  /**
   * Milliseconds that records that run have to end when the worker is drained. What has not ended by then is given up, and runs
   * again where the chunk goes to; with `atMostOnce` it is a dead letter.
   *
   * @default 10_000
   */
  readonly graceMs?: number;
  /** Records that each tenant may run in a second, over all workers that say the same. @default unlimited */
  readonly tenantRates?: Readonly<Record<string, number>>;
  /** Hears what the worker lives with: that Redis is away, which it waits for, and chunks that failed, which the queue tries again. */
  readonly onTrouble?: (what: string) => void;
}

/** What a worker did so far. */
export interface WorkerStatus {
  readonly chunks: number;
  readonly records: number;
}

/** A worker at work. */
export interface BatchWorker extends AsyncDisposable {
  readonly engine: PluginEngine;
  status(): WorkerStatus;
  /** Takes no more chunks, gives those it has back at their next checkpoint, and ends. */
  drain(): Promise<void>;
}

const KEYS = [
  'redis',
  'queue',
  'engine',
  'sandbox',
  'imports',
  'chunks',
  'concurrency',
  'checkpointMs',
  'lockMs',
  'graceMs',
  'tenantRates',
  'onTrouble',
] as const satisfies readonly (keyof WorkerOptions)[];

/** A chunk may lose so many workers before it fails: one of them may be what kills them. */
const MAX_STALLED = 10;

/**
 * Runs chunks of distributed batches, until it is drained.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`, `ERR_BATCH_QUEUE`.
 */
export async function startWorker(options: WorkerOptions = {}): Promise<BatchWorker> {
  knownKeys('options', options, KEYS);
  const settings: Settings = {
    concurrency: wholeNumber('concurrency', options.concurrency, { min: 1, max: 1_000_000, default: 256 }),
    checkpointMs: wholeNumber('checkpointMs', options.checkpointMs, { min: 1, max: 60_000, default: 250 }),
    rates: new Map(Object.entries(options.tenantRates ?? {})),
  };
  for (const [tenant, rate] of settings.rates) {
    if (!(rate > 0)) throw invalidArgument(`tenantRates.${tenant}`, 'a number above 0', rate);
  }
  const chunks = wholeNumber('chunks', options.chunks, { min: 1, max: 1000, default: 2 });
  const lockMs = wholeNumber('lockMs', options.lockMs, { min: 100, max: 3_600_000, default: 30_000 });
  const graceMs = wholeNumber('graceMs', options.graceMs, { min: 0, max: 86_400_000, default: 10_000 });
  const { onTrouble = () => {} } = options;
  resolveImports(options.imports);
  if (typeof onTrouble !== 'function') throw invalidArgument('onTrouble', 'a function', onTrouble);
  const connection = await connect(options);
  const engine = await PluginEngine.create(options.engine).catch(async (error: unknown) => {
    await connection.close();
    throw error;
  });
  for (const [name, implementation] of Object.entries(options.imports ?? {})) engine.provide(name, implementation);
  const plugins = new WorkerPlugins(connection, engine, options.sandbox ?? 'restricted');
  const drained = new AbortController();
  const givenUp = new AbortController();
  const status = { chunks: 0, records: 0 };
  const chunkOf = ({ data }: Job<Chunk>): Chunk =>
    toChunk(data, (message) => new connection.bullmq.UnrecoverableError(message));
  const worker: Worker<Chunk> = new connection.bullmq.Worker<Chunk>(
    connection.name,
    async (job, token, cancelled) => {
      const stopped = cancelled === undefined ? drained.signal : AbortSignal.any([drained.signal, cancelled]);
      return new ChunkRun(
        job,
        chunkOf(job),
        token,
        connection,
        engine,
        plugins,
        settings,
        stopped,
        givenUp.signal,
        status,
      ).run();
    },
    {
      connection: connection.redis,
      concurrency: chunks,
      lockDuration: lockMs,
      stalledInterval: lockMs,
      maxStalledCount: MAX_STALLED,
    },
  );
  const troubles = new Troubles(onTrouble);
  // Another worker has it, or will.
  worker.on('lockRenewalFailed', (jobs) => {
    for (const job of jobs) worker.cancelJob(job, 'The lock was lost');
  });
  worker.on('ready', () => troubles.over('Redis'));
  worker.on('error', (error) => troubles.say('Redis', `Redis: ${reasonOf(error)}`));
  // Chunks that fail alike fail for one reason.
  worker.on('failed', (job, error) =>
    troubles.say(error.message, `Chunk ${job?.data?.chunk} failed: ${error.message}`),
  );
  let ended: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    drained.abort();
    const grace = setTimeout(() => givenUp.abort(), graceMs);
    const closed = new AbortController();
    // Without Redis nothing can be given back: when it is there again, locks have run out, and others go on.
    const closing = worker.close();
    await Promise.race([closing, connection.away(closed.signal)]);
    closed.abort();
    await connection.close();
    // What it still waited for has failed by now.
    await closing;
    clearTimeout(grace);
    await engine.close({ force: true });
  };
  const drainOnce = (): Promise<void> => {
    ended ??= drain();
    return ended;
  };
  return {
    engine,
    status: () => ({ ...status }),
    drain: drainOnce,
    [Symbol.asyncDispose]: drainOnce,
  };
}

interface Settings {
  readonly concurrency: number;
  readonly checkpointMs: number;
  readonly rates: ReadonlyMap<string, number>;
}

/** One run of a chunk: what an earlier run has left in Redis is not run again. */
class ChunkRun {
  readonly #job: Job<Chunk>;
  readonly #chunk: Chunk;
  readonly #token: string | undefined;
  readonly #connection: QueueConnection;
  readonly #engine: PluginEngine;
  readonly #plugins: WorkerPlugins;
  readonly #settings: Settings;
  readonly #stopped: AbortSignal;
  readonly #givenUp: AbortSignal;
  readonly #status: { chunks: number; records: number };
  /** Results that are not in Redis yet: index and value, in turns. */
  #results: (string | number)[] = [];
  #written = 0;
  #checkpoints: Promise<void> = Promise.resolve();
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
    settings: Settings,
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
    const stopped = this.#stopped;
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
      signal: this.#givenUp,
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
      if (!this.#givenUp.aborted) throw error;
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
    if (results.length === 0) return;
    this.#results = [];
    const { once, records } = this.#chunk;
    await putResults(this.#connection, this.#chunk, results, once === undefined ? 'last' : 'first');
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
