import { AsyncLocalStorage } from 'node:async_hooks';
import { describe } from '../errors.ts';
import type { HostCall, HostReply } from '../host/imports/main-thread.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import type { Lane } from './lane.ts';

/** Where what runs is a function that a guest waits for, or was called by one. */
const scope = new AsyncLocalStorage<true>();

/**
 * Calls from guests to functions of the embedder's on this thread. A guest's thread waits, so that there is one call for each
 * thread at the most; the calls of several threads do not wait for each other. While it waits a thread does not count against
 * `threads`, so that such a function may ask the engine for something itself. When every thread waits, that is refused
 * ({@link wouldWaitForEver}): the last function to ask fails, its thread goes on, and so there is no deadlock.
 */
export class HostCalls {
  readonly #open = new Map<PluginThread, AbortController>();

  /** Whether a thread waits. */
  holds(thread: PluginThread): boolean {
    return this.#open.has(thread);
  }

  /** Whether a request that is made now could never begin: a function that a guest waits for makes it, and all threads wait. */
  wouldWaitForEver(maxThreads: number): boolean {
    return this.#open.size >= maxThreads && scope.getStore() === true;
  }

  /**
   * Runs what a thread asks for, and tells it how that ended. Never throws.
   *
   * @returns Whether the thread still waited.
   */
  async answer(
    thread: PluginThread,
    lane: Lane,
    requestId: string | undefined,
    call: HostCall,
  ): Promise<'replied' | 'abandoned'> {
    const controller = new AbortController();
    this.#open.set(thread, controller);
    const reply = await scope.run(true, () => run(lane, requestId, call, controller.signal));
    if (this.#open.get(thread) !== controller) return 'abandoned';
    this.#open.delete(thread);
    thread.reply(reply);
    return 'replied';
  }

  /** The thread waits no more. @returns Whether it did. */
  abandon(thread: PluginThread): boolean {
    this.#open.get(thread)?.abort();
    return this.#open.delete(thread);
  }
}

type Invocation = readonly [lane: Lane, requestId: string | undefined, call: HostCall, signal: AbortSignal];

/** The same for a guest on this thread, which cannot wait: what returns a promise has failed. Never throws. */
export function replyNow(...invocation: Invocation): HostReply {
  try {
    const value = invoke(...invocation);
    if (!isThenable(value)) return { kind: 'returned', value };
    // Nobody listens to how it ends.
    value.then(undefined, () => {});
    return { kind: 'failed', cause: "It returned a promise, and the plugin runs on its caller's thread" };
  } catch (error) {
    return failed(error);
  }
}

async function run(...invocation: Invocation): Promise<HostReply> {
  try {
    return { kind: 'returned', value: await invoke(...invocation) };
  } catch (error) {
    return failed(error);
  }
}

function invoke(...[lane, requestId, { name, func, args }, signal]: Invocation): unknown {
  const { definition, version, hostFunctions } = lane;
  const functions = hostFunctions.get(name);
  if (functions === undefined || !Object.hasOwn(functions, func)) throw new Error(`There is no function ${func}`);
  const context = { signal, plugin: definition.plugin, version, requestId };
  return functions[func]!(...args, context);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}

function failed(error: unknown): HostReply {
  if (typeof error === 'object' && error !== null && Object.hasOwn(error, 'payload')) {
    return { kind: 'err', payload: (error as { readonly payload: unknown }).payload };
  }
  return { kind: 'failed', cause: describe(error) };
}
