import { settledError } from './pending-trap.ts';
import { deadlock, nextReady } from './ready.ts';
import type { Step, Thread } from './thread.ts';

/** What runs threads. */
interface Runner {
  readonly waiting: Iterable<Thread>;
  run(thread: Thread): Step;
}

/** A call of the host's that has not returned yet. */
interface Invocation {
  /** Whether there is nothing more to do for it. */
  done(): boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** Drives the threads of a component for the calls that the host makes. */
export class Invocations {
  readonly #runner: Runner;
  readonly #open: Set<Invocation> = new Set();
  /** What is to be done between two steps of the threads. */
  readonly #between: (() => void)[] = [];
  /** What has gone wrong while no call was under way that could hear of it: the next one does. */
  #failure: { readonly error: unknown } | undefined;
  #state: 'idle' | 'stepping' | 'waiting' = 'idle';
  #wake: () => void = () => {};
  /** What the host does for the component: calls and copies that have not ended. */
  external = 0;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  /** Does something of the host's with the component as soon as no thread is in the middle of a step. */
  between<T>(act: () => T): T | Promise<T> {
    if (this.#state !== 'stepping') return act();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#between.push(() => {
      try {
        resolve(act());
      } catch (error) {
        reject(error);
      }
    });
    return promise;
  }

  /** The same for what a thread waits for; an error ends the calls that are under way. */
  deliver(act: () => void): void {
    const delivered = (): void => {
      try {
        act();
      } catch (error) {
        this.#fail(error);
      }
    };
    if (this.#state === 'stepping') this.#between.push(delivered);
    else delivered();
    this.wake();
  }

  /** Runs the component's threads until a call is done. */
  until(done: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#open.add({ done, resolve, reject });
    if (this.#state === 'idle') void this.#drive();
    else this.wake();
    return promise;
  }

  /** Something of the host's has happened for which a thread may wait. */
  wake(): void {
    this.#wake();
  }

  async #drive(): Promise<void> {
    try {
      while (this.#settle()) {
        const thread = nextReady(this.#runner.waiting);
        if (thread !== undefined) {
          this.#state = 'stepping';
          await this.#runner.run(thread);
          for (const act of this.#between.splice(0)) act();
        } else if (this.external > 0) {
          this.#state = 'waiting';
          await this.#event();
        } else if (this.#open.size > 0) throw deadlock();
      }
    } catch (error) {
      this.#fail(await settledError(error));
    } finally {
      this.#state = 'idle';
    }
    for (const act of this.#between.splice(0)) act();
  }

  /** Settles the calls that are done. @returns whether there are others. */
  #settle(): boolean {
    for (const invocation of this.#open) {
      if (!invocation.done()) continue;
      this.#open.delete(invocation);
      invocation.resolve();
    }
    return this.#open.size > 0;
  }

  #fail(error: unknown): void {
    if (this.#open.size === 0) this.#failure ??= { error };
    for (const { reject } of this.#open) reject(error);
    this.#open.clear();
    this.wake();
  }

  #event(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }
}
