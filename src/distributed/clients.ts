import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import type { Redis } from 'ioredis';

const CLOSED = 'Connection is closed.';

/** What ioredis 6 keeps to itself. */
interface Internals {
  readonly stream?: Socket;
  setStatus(status: 'end'): void;
  flushQueue(error: Error): void;
}

/**
 * The connections of a queue: ours, and those that BullMQ makes of them. Closed, they stay closed, and keep nothing alive,
 * whatever Redis does; ioredis alone goes on connecting where somebody asks again, and ends a connection in order, which
 * one whose other end is gone never does.
 */
export class Clients {
  readonly #open = new Set<Redis>();
  #state: 'open' | 'closed' = 'open';

  /** Looks after a connection, and after those that are made of it. */
  adopt(client: Redis): Redis {
    // Without a listener each failed attempt to connect again would be printed.
    client.on('error', () => {});
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (options) => this.adopt(duplicate(options));
    this.#open.add(client);
    client.once('end', () => this.#open.delete(client));
    if (this.#state === 'closed') void end(client);
    return client;
  }

  /** Ends all of them at once; what waits for an answer fails. Resolves when no socket is left. */
  async close(): Promise<void> {
    this.#state = 'closed';
    await Promise.all([...this.#open].map(end));
  }
}

async function end(client: Redis): Promise<void> {
  const internals = client as unknown as Internals;
  const { stream } = internals;
  client.options.retryStrategy = () => null;
  client.connect = () => Promise.reject(new Error(CLOSED));
  client.disconnect();
  stream?.destroy();
  // Between two attempts there is no connection whose end would tell those who wait.
  if (client.status !== 'end') internals.setStatus('end');
  internals.flushQueue(new Error(CLOSED));
  if (stream !== undefined && !stream.closed) await new Promise((resolve) => stream.once('close', resolve));
}

/**
 * Resolves once Redis has not answered for some time, or when it is not asked any more. A connection that is ready says
 * nothing: the other end may be stopped, or behind a network that swallows everything.
 */
export async function silence(redis: Redis, milliseconds: number, ended: AbortSignal): Promise<void> {
  let heard = performance.now();
  while (!ended.aborted && performance.now() - heard < milliseconds) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, heard + milliseconds - performance.now()), 'late');
      ended.addEventListener('abort', () => resolve('late'), { once: true });
    });
    const answer = await Promise.race([late, redis.ping().catch(() => 'late')]);
    clearTimeout(timer);
    if (answer !== 'late') heard = performance.now();
    await pause(100, ended);
  }
}

function pause(milliseconds: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      ended.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    ended.addEventListener('abort', done, { once: true });
  });
}
