import type * as BullMq from 'bullmq';
import type { Redis } from 'ioredis';
import { PluginError } from '../errors.ts';
import type { QueueOptions } from './options.ts';

/** A connection to the queue, and to the keys beside it. */
export interface QueueConnection {
  readonly bullmq: typeof BullMq;
  readonly redis: Redis;
  readonly name: string;
  /** What BullMQ's classes are made with. */
  readonly options: { readonly connection: { readonly url: string; readonly maxRetriesPerRequest: null } };
  readonly keys: Keys;
  /** Another connection, for commands that block theirs. */
  duplicate(): Redis;
  close(): Promise<void>;
}

/** The keys beside those of BullMQ. */
export interface Keys {
  /** The bytes of a component. */
  component(sha256: string): string;
  /** The results of a chunk, by the index of the record. */
  results(batch: string, chunk: number): string;
  /** The numbers of the chunks that are complete. */
  finished(batch: string): string;
  /** How much a tenant may still do now. */
  rate(tenant: string): string;
}

/** Seconds after which Redis forgets what nobody collects. */
export const FORGET_SECONDS: number = 7 * 24 * 3600;

const DEFAULT_URL = 'redis://127.0.0.1:6379';

/**
 * Connects to a queue. BullMQ and ioredis are optional peer dependencies, loaded only here.
 *
 * @throws {PluginError} `ERR_BATCH_QUEUE` when they are not installed.
 */
export async function connect({
  redis: url = DEFAULT_URL,
  queue: name = 'wasm-plugin-pool',
}: QueueOptions): Promise<QueueConnection> {
  const [bullmq, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]).catch((cause: unknown) => {
    throw new PluginError('ERR_BATCH_QUEUE', 'The distributed queue needs the packages bullmq and ioredis', {
      cause,
      hint: 'Install them: npm install bullmq ioredis.',
    });
  });
  // BullMQ asks for it: a command waits for as long as Redis is away.
  const connection = { url, maxRetriesPerRequest: null } as const;
  const open: Redis[] = [];
  const duplicate = (): Redis => {
    const client = new Redis(url, { maxRetriesPerRequest: null });
    // Without a listener each failed attempt to connect again would be printed.
    client.on('error', () => {});
    open.push(client);
    return client;
  };
  const key = (...parts: readonly (string | number)[]): string => ['wasm-plugin-pool', name, ...parts].join(':');
  return {
    bullmq,
    redis: duplicate(),
    name,
    options: { connection },
    keys: {
      component: (sha256) => key('component', sha256),
      results: (batch, chunk) => key('batch', batch, 'results', chunk),
      finished: (batch) => key('batch', batch, 'finished'),
      rate: (tenant) => key('rate', tenant),
    },
    duplicate,
    close: async () => {
      for (const client of open) client.disconnect();
    },
  };
}

/** What went wrong with the queue. */
export function queueFailure(what: string, cause?: unknown, hint?: string): PluginError {
  const reason = cause === undefined ? '' : `: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new PluginError('ERR_BATCH_QUEUE', `${what}${reason}`, { cause, hint });
}
