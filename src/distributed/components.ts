import { createHash } from 'node:crypto';
import type { PluginEngine } from '../engine.ts';
import { type ErrorCode, PluginError } from '../errors.ts';
import type { Sandbox } from '../host/policy/policy.ts';
import type { ChunkPlugin } from './chunk.ts';
import { FORGET_SECONDS, type QueueConnection, queueFailure } from './redis.ts';

/** Plugins that a worker keeps loaded; the one that was not used for longest goes. */
const MAX_LOADED = 32;

/** What is wrong with a component, or with how it is to be started, wherever it is loaded. */
const UNUSABLE: ReadonlySet<ErrorCode> = new Set([
  'ERR_INVALID_ARGUMENT',
  'ERR_NOT_A_COMPONENT',
  'ERR_INVALID_COMPONENT',
  'ERR_INCOMPATIBLE_WIT',
  'ERR_UNKNOWN_IMPORT',
  'ERR_LINK',
]);

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Puts a component where workers find it, unless it is there, and notes which batch uses it. */
export async function publishComponent(
  { redis, keys }: QueueConnection,
  bytes: Uint8Array,
  batch: string,
): Promise<string> {
  const hash = sha256(bytes);
  // First: it is not to go with another batch, once it is there.
  await redis.multi().sadd(keys.users(hash), batch).expire(keys.users(hash), FORGET_SECONDS).exec();
  const key = keys.component(hash);
  if ((await redis.expire(key, FORGET_SECONDS)) === 0) await redis.set(key, Buffer.from(bytes), 'EX', FORGET_SECONDS);
  return hash;
}

interface Loaded {
  users: number;
  readonly ready: Promise<unknown>;
}

/** The plugins of a worker: loaded when a chunk first needs them, by what they are and not by what they are called. */
export class WorkerPlugins {
  readonly #connection: QueueConnection;
  readonly #engine: PluginEngine;
  readonly #sandbox: Sandbox;
  /** By the name under which the engine knows them; the one used last is last. */
  readonly #loaded = new Map<string, Loaded>();

  constructor(connection: QueueConnection, engine: PluginEngine, sandbox: Sandbox) {
    this.#connection = connection;
    this.#engine = engine;
    this.#sandbox = sandbox;
  }

  /**
   * Runs something with plugins loaded.
   *
   * @param run Gets the names under which the engine knows them.
   */
  async with<Result>(
    plugins: readonly ChunkPlugin[],
    run: (names: ReadonlyMap<string, string>) => Promise<Result>,
  ): Promise<Result> {
    const names = new Map<string, string>();
    const used: Loaded[] = [];
    try {
      for (const plugin of plugins) {
        const known = `${plugin.sha256}-${sha256(JSON.stringify(plugin.config)).slice(0, 16)}`;
        names.set(plugin.name, known);
        const entry = this.#use(known, plugin);
        used.push(entry);
        await entry.ready;
      }
      return await run(names);
    } finally {
      for (const entry of used) entry.users--;
      await this.#evict();
    }
  }

  #use(name: string, plugin: ChunkPlugin): Loaded {
    let entry = this.#loaded.get(name);
    if (entry === undefined) {
      const loading: Loaded = { users: 0, ready: this.#load(name, plugin) };
      // What was not there may be when the next chunk asks.
      loading.ready.catch(() => {
        if (this.#loaded.get(name) === loading) this.#loaded.delete(name);
      });
      entry = loading;
    }
    this.#loaded.delete(name);
    this.#loaded.set(name, entry);
    entry.users++;
    return entry;
  }

  async #load(name: string, { sha256: wanted, config }: ChunkPlugin): Promise<void> {
    const { redis, keys } = this.#connection;
    const bytes = await redis.getBuffer(keys.component(wanted));
    if (bytes === null) throw queueFailure(`Redis has no component ${wanted}`);
    const found = sha256(bytes);
    if (found !== wanted) {
      throw queueFailure(
        `The component ${wanted} in Redis is another one: its SHA-256 is ${found}`,
        undefined,
        'Somebody changed it there.',
      );
    }
    await this.#engine.loadPlugin(name, bytes, { sandbox: this.#sandbox, config }).catch((error: unknown) => {
      // It would not load the next time either, here or elsewhere.
      if (error instanceof PluginError && UNUSABLE.has(error.code))
        throw new this.#connection.bullmq.UnrecoverableError(`${error.code}: ${error.message}`);
      throw error;
    });
  }

  async #evict(): Promise<void> {
    for (const [name, { users }] of this.#loaded) {
      if (this.#loaded.size <= MAX_LOADED) return;
      if (users > 0) continue;
      this.#loaded.delete(name);
      await this.#engine.unloadPlugin(name).catch(() => {});
    }
  }
}
