import { AsyncLocalStorage } from 'node:async_hooks';
import { describe } from '../errors.ts';
import type { HostCall, HostReply } from '../host/imports/main-thread.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import type { HostCallMessage } from '../pool/protocol.ts';
import type { Lane } from './lane.ts';

/** Where what runs is a function that a guest waits for, or was called by one. */
const scope = new AsyncLocalStorage<true>();

/** What the guests of one thread have asked for. */
interface ThreadCalls {
  readonly open: Map<number, AbortController>;
  /** Replies that it was sent, ever: it counts those that it has heard. */
  replies: number;
  /** Whether it does nothing until a reply comes. */
  waits: boolean;
}

/**
 * Calls from guests to functions of the embedder's on this thread. A guest may go on while some are open; the calls of several
 * threads do not wait for each other. While it waits a thread does not count against `threads`, so that such a function may ask
 * the engine for something itself. When every thread has calls open, that is refused ({@link wouldWaitForEver}): the last function
 * to ask fails, its thread goes on, and so there is no deadlock.
 */
export class HostCalls {
  readonly #threads = new Map<PluginThread, ThreadCalls>();

  /** Whether a thread waits. */
  holds(thread: PluginThread): boolean {
    return this.#threads.get(thread)?.waits === true;
  }

  /** Whether a request that is made now could never begin: a function that a guest has called makes it, and all threads may wait. */
  wouldWaitForEver(maxThreads: number): boolean {
    if (scope.getStore() !== true) return false;
    let threads = 0;
    for (const { open } of this.#threads.values()) if (open.size > 0) threads++;
    return threads >= maxThreads;
  }

  /**
   * Runs what a thread asks for, and tells it how that ended. Never throws.
   *
   * @returns Whether the thread waited for it, and goes on now.
   */
  async answer(
    thread: PluginThread,
    lane: Lane,
    requestId: string | undefined,
    { id, call }: Asked,
  ): Promise<'resumed' | 'busy' | 'abandoned'> {
    const controller = new AbortController();
    const calls = this.#of(thread);
    calls.open.set(id, controller);
    const reply = await scope.run(true, () => run(lane, requestId, call, controller.signal));
    if (calls.open.get(id) !== controller) return 'abandoned';
    calls.open.delete(id);
    calls.replies++;
    const resumed = this.resumes(thread);
    thread.reply(id, reply);
    return resumed ? 'resumed' : 'busy';
  }

  /**
   * A thread does nothing until a reply comes.
   *
   * @param heard How many have come to it; undefined where it has said so with the call that it waits for.
   * @returns Whether that is new, and still so.
   */
  waits(thread: PluginThread, heard?: number): boolean {
    const calls = this.#of(thread);
    if (calls.waits || (heard !== undefined && (heard < calls.replies || calls.open.size === 0))) return false;
    calls.waits = true;
    return true;
  }

  /** A thread goes on. @returns Whether it waited. */
  resumes(thread: PluginThread): boolean {
    const calls = this.#threads.get(thread);
    if (calls === undefined || !calls.waits) return false;
    calls.waits = false;
    return true;
  }

  /** Nobody waits for some calls of a thread any more. */
  drop(thread: PluginThread, ids: readonly number[]): void {
    const { open } = this.#of(thread);
    for (const id of ids) {
      open.get(id)?.abort();
      open.delete(id);
    }
  }

  /** The thread has ended. @returns Whether it waited. */
  abandon(thread: PluginThread): boolean {
    const calls = this.#threads.get(thread);
    if (calls === undefined) return false;
    this.#threads.delete(thread);
    for (const controller of calls.open.values()) controller.abort();
    calls.open.clear();
    return calls.waits;
  }

  #of(thread: PluginThread): ThreadCalls {
    let calls = this.#threads.get(thread);
    if (calls === undefined) {
      calls = { open: new Map(), replies: 0, waits: false };
      this.#threads.set(thread, calls);
    }
    return calls;
  }
}

/** What a guest asks for. */
type Asked = Pick<Extract<HostCallMessage, { kind: 'host-call' }>, 'id' | 'call'>;

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
