import { clearTimeout, setTimeout } from 'node:timers';
import type * as BullMq from 'bullmq';
import type { Redis } from 'ioredis';
import { invalidArgument, nonEmptyString } from '../arguments/arguments.ts';
import { PluginError } from '../errors.ts';
import { isError } from '../text/is-error.ts';
import { type Chunk, FORM } from './chunk.ts';
import { Clients, silence } from './clients.ts';
import type { QueueOptions } from './options.ts';

/** A connection to the queue, and to the keys beside it. */
export interface QueueConnection {
  readonly bullmq: typeof BullMq;
  /** BullMQ's classes are made with it too. */
  readonly redis: Redis;
  readonly name: string;
  /**
   * The queue of BullMQ for chunks of a form: each has its own, so that nobody takes a chunk that only another version can read.
   *
   * @param form @default that of this version
   */
  jobs(form?: number): BullMq.Queue<Chunk>;
  readonly keys: Keys;
  /** Another connection, for commands that block theirs. */
  duplicate(): Redis;
  /** Resolves once Redis was away for some seconds: what has to end does not wait for it any longer. */
  away(ended: AbortSignal): Promise<void>;
  /** Resolves when it is closed: a command that had been sent when Redis went away then never answers. */
  readonly closed: Promise<void>;
  /** Resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** The keys beside those of BullMQ. */
interface Keys {
  /** What is known of a batch. */
  batch(batch: string): string;
  /** The batches that there are. */
  readonly batches: string;
  /** The bytes of a component. */
  component(sha256: string): string;
  /** The batches that use a component. */
  users(sha256: string): string;
  /** The lines of a chunk. */
  lines(batch: string, chunk: number): string;
  /** What became of the records of a chunk. */
  results(batch: string, chunk: number): string;
  /** The records of a chunk that may have begun, where they are to begin once. */
  begun(batch: string, chunk: number): string;
  /** The numbers of the chunks that are complete. */
  finished(batch: string): string;
  /** How much a tenant may still do now. */
  rate(tenant: string): string;
}

/** Seconds after which Redis forgets what nobody collects. */
export const FORGET_SECONDS: number = 7 * 24 * 3600;

const DEFAULT_URL = 'redis://127.0.0.1:6379';
/** Milliseconds that Redis may take to answer at first, and that one who ends waits for it. Later it may be away for as long as it likes. */
const PATIENCE_MS = 5000;
/** A connection whose other end is gone without a word is found dead some ten seconds after so many milliseconds. */
const KEEP_ALIVE_MS = 10_000;
const OLDEST_MAJOR = 5;

/**
 * Connects to a queue, and waits until Redis has answered. BullMQ and ioredis are optional peer dependencies, loaded
 * only here.
 *
 * @throws {PluginError} `ERR_BATCH_QUEUE` when they are not installed, and when Redis cannot be reached;
 * `ERR_INVALID_ARGUMENT`.
 */
export async function connect({
  redis: url = DEFAULT_URL,
  queue: name = 'wasm-plugin-pool',
}: QueueOptions): Promise<QueueConnection> {
  const host = hostOf(url);
  // BullMQ puts its own keys together with colons.
  if (nonEmptyString('queue', name).includes(':')) throw invalidArgument('queue', 'a name without colons', name);
  const [bullmq, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]).catch((cause: unknown) => {
    throw new PluginError('ERR_BATCH_QUEUE', 'The distributed queue needs the packages bullmq and ioredis', {
      cause,
      hint: 'Install them: npm install bullmq ioredis.',
    });
  });
  const clients = new Clients();
  // BullMQ asks for no limit of retries: a command waits for as long as Redis is away.
  const duplicate = (): Redis =>
    clients.adopt(new Redis(url, { maxRetriesPerRequest: null, keepAlive: KEEP_ALIVE_MS, disconnectTimeout: 0 }));
  const { promise: closed, resolve: end } = Promise.withResolvers<void>();
  const close = (): Promise<void> => {
    end();
    return clients.close();
  };
  const redis = duplicate();
  try {
    await reach(redis, host);
  } catch (error) {
    await close();
    throw error;
  }
  /** One for each form: each listens to the connection. */
  const queues = new Map<number, BullMq.Queue<Chunk>>();
  const key = (...parts: readonly (string | number)[]): string => ['wasm-plugin-pool', name, ...parts].join(':');
  return {
    bullmq,
    redis,
    name,
    jobs: (form = FORM) => {
      const known = queues.get(form);
      if (known !== undefined) return known;
      // Whoever looks at chunks of another version leaves nothing in its queue.
      const settings = { connection: redis, skipMetasUpdate: form !== FORM };
      const queue = new bullmq.Queue<Chunk>(jobsName(name, form), settings);
      queue.on('error', () => {});
      queues.set(form, queue);
      return queue;
    },
    keys: {
      batch: (batch) => key('batch', batch),
      batches: key('batches'),
      component: (sha256) => key('component', sha256),
      users: (sha256) => key('users', sha256),
      lines: (batch, chunk) => key('batch', batch, 'lines', chunk),
      results: (batch, chunk) => key('batch', batch, 'results', chunk),
      begun: (batch, chunk) => key('batch', batch, 'begun', chunk),
      finished: (batch) => key('batch', batch, 'finished'),
      rate: (tenant) => key('rate', tenant),
    },
    duplicate,
    away: (ended) => silence(redis, PATIENCE_MS, ended),
    closed,
    close,
  };
}

/** What BullMQ knows the chunks of a form by. */
export function jobsName(queue: string, form: number = FORM): string {
  return `${queue}-v${form}`;
}

/** The host of a URL, which is what may be said of it: the rest may be a password. */
function hostOf(url: string): string {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'redis:' || parsed?.protocol === 'rediss:') return parsed.host || 'localhost';
  throw invalidArgument('redis', 'a URL that begins with redis:// or rediss://', parsed?.protocol ?? url);
}

async function reach(redis: Redis, host: string): Promise<void> {
  let last: Error | undefined;
  const remember = (error: Error): void => {
    last = error;
  };
  redis.on('error', remember);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(queueFailure(`Redis at ${host} did not answer within ${PATIENCE_MS} ms`, last, REACH_HINT));
    }, PATIENCE_MS);
  });
  try {
    const info = redis.info('server').catch((error: unknown) => {
      throw queueFailure(`Redis at ${host} does not answer`, error, REACH_HINT);
    });
    const version = /^redis_version:(.+?)\r?$/m.exec(await Promise.race([info, late]))?.[1];
    // BullMQ would say so to nobody, and wait.
    if (version !== undefined && Number.parseInt(version, 10) < OLDEST_MAJOR) {
      throw queueFailure(`Redis at ${host} is version ${version}; ${OLDEST_MAJOR} is the oldest that works`);
    }
  } finally {
    clearTimeout(timer);
    redis.off('error', remember);
  }
}

const REACH_HINT = 'Start it, or say with `redis` (--redis, REDIS_URL) where it is.';

/** What went wrong with the queue. */
export function queueFailure(what: string, cause?: unknown, hint?: string): PluginError {
  return new PluginError('ERR_BATCH_QUEUE', `${what}${cause === undefined ? '' : `: ${reasonOf(cause)}`}`, {
    cause,
    hint,
  });
}

/** Where a name has several addresses, Node says why each failed, and nothing itself. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return isError(error) ? error.message : String(error);
}
