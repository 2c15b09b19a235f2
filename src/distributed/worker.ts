import { clearTimeout, setTimeout } from 'node:timers';
import type { Job, Worker } from 'bullmq';
import { invalidArgument, knownKeys, wholeNumber } from '../arguments/arguments.ts';
import type { EngineOptions } from '../engine/options.ts';
import { PluginEngine } from '../engine.ts';
import { type EmbedderImports, resolveImports } from '../host/imports/embedder-imports.ts';
import { resolvePolicy, type Sandbox } from '../host/policy/policy.ts';
import type { Chunk } from './chunk.ts';
import { ChunkRun, type ChunkSettings } from './chunk-run.ts';
import { WorkerPlugins } from './components.ts';
import { toChunk } from './incoming.ts';
import type { QueueOptions } from './options.ts';
import { connect, jobsName, reasonOf } from './redis.ts';
import { Troubles } from './troubles.ts';

/**
 * How a worker works.
 *
 * @example
 * const options: WorkerOptions = { redis: 'redis://127.0.0.1:6379', sandbox: 'restricted', chunks: 2 };
 * const worker = await startWorker(options);
 */
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

/**
 * What a worker did so far.
 *
 * @example
 * const worker = await startWorker();
 * const { chunks, records }: WorkerStatus = worker.status();
 */
export interface WorkerStatus {
  readonly chunks: number;
  readonly records: number;
}

/**
 * A worker at work.
 *
 * @example
 * const worker: BatchWorker = await startWorker();
 * process.once('SIGTERM', () => worker.drain());
 */
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
 *
 * @example
 * const worker = await startWorker({ redis: 'redis://127.0.0.1:6379', engine: { threads: 4 } });
 * process.once('SIGTERM', () => worker.drain());
 */
export async function startWorker(options: WorkerOptions = {}): Promise<BatchWorker> {
  knownKeys('options', options, KEYS);
  const settings: ChunkSettings = {
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
  // Here, where it is the worker's: of a chunk it would be the submitter's fault.
  resolvePolicy(options.sandbox);
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
    jobsName(connection.name),
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
