import type { Queue } from 'bullmq';
import { nonEmptyString } from '../arguments/arguments.ts';
import type { Chunk } from './chunk.ts';
import { isCount } from './incoming.ts';
import type { QueueOptions } from './options.ts';
import { connect, type QueueConnection, queueFailure } from './redis.ts';

/**
 * How a batch of a queue is.
 *
 * @example
 * const { state, succeeded, read }: BatchStatus = await batchStatus('nightly');
 * console.log(`${state}: ${succeeded} of ${read}`);
 */
export interface BatchStatus {
  readonly batch: string;
  /** `abandoned`: nobody collects its results; `submit` with `resume` goes on. `done` is what `keep` has Redis remember. */
  readonly state: 'running' | 'abandoned' | 'cancelled' | 'done';
  readonly tenant: string;
  /** When it was submitted, in ISO 8601, and for how many seconds nothing was heard of the one who did. */
  readonly since: string;
  readonly silentSeconds: number;
  /** Records that were read, and what became of them. */
  readonly read: number;
  readonly succeeded: number;
  readonly refused: number;
  readonly failed: number;
  /** Chunks in the queue. */
  readonly chunks: {
    readonly waiting: number;
    readonly active: number;
    /** They failed, and will be tried again. */
    readonly delayed: number;
    /** They were given up. */
    readonly failed: number;
  };
}

/** Seconds without a word after which whoever submitted a batch is taken to be gone. */
const SILENT_SECONDS = 15;
/** For how many seconds one who still collects a batch can find out that it was purged. */
const WORD_SECONDS = 60;

/**
 * The batches that a queue knows, the oldest first.
 *
 * @throws {PluginError} `ERR_BATCH_QUEUE`.
 * @example
 * for (const { batch, state } of await listBatches({ redis: 'redis://127.0.0.1:6379' })) console.log(batch, state);
 */
export function listBatches(options: QueueOptions = {}): Promise<readonly BatchStatus[]> {
  return withQueue(options, async (connection) => {
    const { redis, keys } = connection;
    const found: BatchStatus[] = [];
    for (const batch of await redis.zrange(keys.batches, '0', '-1')) {
      const status = await statusOf(connection, batch);
      if (status === undefined) await redis.zrem(keys.batches, batch);
      else found.push(status);
    }
    return found;
  });
}

/**
 * How a batch is.
 *
 * @throws {PluginError} `ERR_BATCH_QUEUE`, also for a batch that the queue does not know.
 * @example
 * const { chunks } = await batchStatus('nightly');
 * if (chunks.failed > 0) console.error(`${chunks.failed} chunks were given up`);
 */
export function batchStatus(batch: string, options: QueueOptions = {}): Promise<BatchStatus> {
  return withQueue(options, (connection) => known(connection, batch));
}

/**
 * Takes the chunks of a batch out of the queue, and has workers leave those that they are at; a `submitBatch` that collects it
 * fails with `ERR_BATCH_QUEUE`. What is done stays, and `submit` with `resume` goes on.
 *
 * @returns How it was before.
 * @throws {PluginError} `ERR_BATCH_QUEUE`, also for a batch that the queue does not know.
 * @example
 * const { read } = await cancelBatch('nightly');
 * console.log(`cancelled after ${read} records`);
 */
export function cancelBatch(batch: string, options: QueueOptions = {}): Promise<BatchStatus> {
  return withQueue(options, async (connection) => {
    const status = await known(connection, batch);
    if (status.state !== 'done') await connection.redis.hset(connection.keys.batch(batch), 'state', 'cancelled');
    await removeJobs(connection, await queueOf(connection, batch), batch);
    return status;
  });
}

/**
 * Cancels a batch and has Redis forget it, results that nobody has collected included.
 *
 * @returns How it was before; undefined for one that the queue does not know, of which there may have been something all the same.
 * @throws {PluginError} `ERR_BATCH_QUEUE`.
 * @example
 * for (const { batch, state } of await listBatches()) if (state === 'abandoned') await purgeBatch(batch);
 */
export function purgeBatch(batch: string, options: QueueOptions = {}): Promise<BatchStatus | undefined> {
  return withQueue(options, async (connection) => {
    const { redis, keys } = connection;
    const status = await statusOf(connection, nonEmptyString('batch', batch));
    if (status !== undefined) await redis.hset(keys.batch(batch), 'state', 'cancelled');
    await removeJobs(connection, await queueOf(connection, batch), batch);
    for await (const found of redis.scanStream({ match: `${escaped(keys.batch(batch))}:*`, count: 1000 })) {
      if ((found as string[]).length > 0) await redis.del(...(found as string[]));
    }
    if (status?.state === 'running') await redis.expire(keys.batch(batch), WORD_SECONDS);
    else await redis.del(keys.batch(batch));
    await redis.zrem(keys.batches, batch);
    return status;
  });
}

/** Takes the chunks of a batch out of the queue, but for those that a worker has; nobody will ask for the lines of these either. */
export async function removeJobs(
  { redis, keys }: Pick<QueueConnection, 'redis' | 'keys'>,
  queue: Queue<Chunk>,
  batch: string,
): Promise<void> {
  const waiting = await idsIn(queue, batch, ['wait', 'prioritized', 'delayed', 'failed']);
  // Second: what a worker takes meanwhile is among them, and has left the others.
  const active = await idsIn(queue, batch, ['active']);
  for (const id of waiting) await queue.remove(id);
  for (const id of new Set([...waiting, ...active])) {
    await redis.del(keys.lines(batch, Number(id.slice(batch.length + 1))));
  }
}

/** The jobs of a batch that are in some of the lists of the queue. */
async function idsIn(
  queue: Queue<Chunk>,
  batch: string,
  lists: Parameters<Queue<Chunk>['getRanges']>[0],
): Promise<string[]> {
  const ids = (await queue.getRanges(lists, 0, -1)) as string[];
  return ids.filter((id) => batchOf(id) === batch);
}

/** The batch of a job, by its id: names have hyphens, too. */
function batchOf(id: string): string {
  return id.slice(0, id.lastIndexOf('-'));
}

async function known(connection: QueueConnection, batch: string): Promise<BatchStatus> {
  const status = await statusOf(connection, nonEmptyString('batch', batch));
  if (status !== undefined) return status;
  throw queueFailure(
    `The queue \`${connection.name}\` knows no batch ${batch}`,
    undefined,
    'It is complete, or of another queue. `submit --status` lists those that there are.',
  );
}

async function statusOf(connection: QueueConnection, batch: string): Promise<BatchStatus | undefined> {
  const { redis, keys } = connection;
  const fields = await redis.hgetall(keys.batch(batch));
  const { state, tenant, since, seen } = fields;
  if (state === undefined || tenant === undefined) return undefined;
  const queue = await queueOf(connection, batch);
  const count = (name: string): number => Number(fields[name] ?? 0);
  const [now] = await redis.time();
  const silentSeconds = Math.max(0, Number(now) - Number(seen));
  const collected = silentSeconds > SILENT_SECONDS ? 'abandoned' : 'running';
  const chunksIn = async (...lists: Parameters<typeof idsIn>[2]): Promise<number> =>
    (await idsIn(queue, batch, lists)).length;
  return {
    batch,
    state: state === 'cancelled' || state === 'done' ? state : collected,
    tenant,
    since: new Date(Number(since) * 1000).toISOString(),
    silentSeconds,
    read: count('read'),
    succeeded: count('succeeded'),
    refused: count('refused'),
    failed: count('failed'),
    chunks: {
      waiting: await chunksIn('wait', 'prioritized'),
      active: await chunksIn('active'),
      delayed: await chunksIn('delayed'),
      failed: await chunksIn('failed'),
    },
  };
}

/** Where the chunks of a batch are: another version may have submitted it. */
async function queueOf({ redis, keys, jobs }: QueueConnection, batch: string): Promise<Queue<Chunk>> {
  const form = Number(await redis.hget(keys.batch(batch), 'form'));
  return jobs(isCount(form) && form > 0 ? form : undefined);
}

async function withQueue<Result>(
  options: QueueOptions,
  use: (connection: QueueConnection) => Promise<Result>,
): Promise<Result> {
  const connection = await connect(options);
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/** A key as a pattern that matches nothing else. */
function escaped(key: string): string {
  return key.replaceAll(/[\\*?[\]]/g, String.raw`\$&`);
}
