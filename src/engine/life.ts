import { knownKeys } from '../arguments/arguments.ts';
import { PluginError } from '../errors.ts';
import type { Executor } from '../registry/executor.ts';
import type { Registry } from '../registry/registry.ts';
import type { Watcher } from '../watch/watcher.ts';

/**
 * How an engine is closed.
 *
 * @example
 * const options: CloseOptions = { force: true };
 * await engine.close(options);
 */
export interface CloseOptions {
  /**
   * Fail what is queued and running with `ERR_ENGINE_CLOSED` instead of finishing it first, and end instances without
   * their `shutdown`. Also hurries a `close()` that is under way. @default false
   */
  readonly force?: boolean;
}

/** Whether an engine is open, and how it comes to its end. */
export class Life {
  readonly #executor: Executor;
  readonly #registry: Registry;
  readonly #watchers = new Set<Watcher>();
  readonly #endSessions: () => Promise<void>;
  #closed: Promise<void> | undefined;

  /** @param endSessions Ends all sessions. */
  constructor(executor: Executor, registry: Registry, endSessions: () => Promise<void>) {
    this.#executor = executor;
    this.#registry = registry;
    this.#endSessions = endSessions;
  }

  get isOpen(): boolean {
    return this.#closed === undefined;
  }

  /** @throws {PluginError} `ERR_ENGINE_CLOSED`. */
  assertOpen(): void {
    if (this.#closed !== undefined) throw engineClosed();
  }

  /** Closes a watcher with the engine: at once, where that is closed already. */
  async watches(watcher: Watcher): Promise<void> {
    this.#watchers.add(watcher);
    if (this.#closed !== undefined) await watcher.close();
  }

  /** The watcher has been closed. */
  forget(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  close(options: CloseOptions): Promise<void> {
    knownKeys('options', options, ['force'] satisfies (keyof CloseOptions)[]);
    if (options.force) this.#abandon();
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const sessions = this.#endSessions();
    await Promise.all([...this.#watchers].map((watcher) => watcher.close()));
    await sessions;
    await this.#registry.close();
    await this.#executor.end();
  }

  /** Makes {@link close} come to its end now: no load is waited for, and no `shutdown`, which may run to its limit. */
  #abandon(): void {
    const closed = engineClosed();
    const { code, message } = closed;
    this.#registry.giveUp(closed);
    this.#executor.scheduler.abandonAll((job) => job.error(code, message));
    void this.#executor.end();
  }
}

function engineClosed(): PluginError {
  return new PluginError('ERR_ENGINE_CLOSED', 'The engine is closed');
}
