import { performance } from 'node:perf_hooks';
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { PluginError } from '../errors.ts';
import { StartAttempts } from '../thread/start-attempts.ts';
import { Thread, ThreadDied } from '../thread/thread.ts';
import type { CompileReply, CompileTask } from './protocol.ts';
import { Turns } from './turns.ts';

/** Components that are compiled at a time; those that take long go on beside others, up to the second number. */
const AT_A_TIME = 2;
const AT_THE_MOST = 4;
/** Milliseconds of CPU time after which one takes long: more than an interpreter of 10 MB does. */
const LONG_MS = 5_000;
/** For parsing and for the generated text; the tools themselves live in WebAssembly memory, which this does not bound. */
const HEAP_MB = 512;
/** A compile thread keeps what its largest component took (hundreds of MiB for an interpreter); so it goes when idle. */
const IDLE_MS = 30_000;
/** How much longer than its CPU time a compilation may take: on a machine so busy, or so stuck, nothing else ends it. */
const PATIENCE = 20;
/** Milliseconds between two looks at what a compilation has used. */
const LOOK_MS = 250;

/** The threads that compile, whose turn it is, and how long each component may take. */
export class CompileThreads {
  readonly #timeoutMs: number;
  readonly #turns = new Turns(AT_A_TIME, AT_THE_MOST);
  readonly #attempts = new StartAttempts();
  readonly #threads = new Set<Thread>();
  /** Those that wait for work, and what ends them if none comes. */
  readonly #idle = new Map<Thread, NodeJS.Timeout>();
  #state: 'open' | 'closed' = 'open';

  /** @param timeoutMs Milliseconds of CPU time for one component. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Compiles a component when it is the group's turn. Its bytes go to the thread, and are gone here: a copy of many would
   * hold the main thread (invariant 5).
   *
   * @param signal Takes it out of the queue, or ends the thread that compiles it.
   * @throws {PluginError} `ERR_COMPILE_TIMEOUT`, or what the thread died of; the signal's reason.
   */
  async run(task: CompileTask, group: string, signal: AbortSignal): Promise<CompileReply> {
    const turn = await this.#turns.take(group, signal);
    try {
      const thread = this.#takeIdle() ?? (await this.#start());
      const reply = await this.#runOn(thread, task, signal, () => turn.yield());
      if (reply.kind === 'panicked') await this.#drop(thread);
      else this.#rest(thread);
      return reply;
    } finally {
      turn.release();
    }
  }

  /** Ends every thread; what is still being compiled rejects. */
  async close(): Promise<void> {
    this.#state = 'closed';
    await Promise.all([...this.#threads].map((thread) => this.#drop(thread)));
  }

  async #runOn(thread: Thread, task: CompileTask, signal: AbortSignal, onLong: () => void): Promise<CompileReply> {
    const end = Promise.withResolvers<'too-long' | 'aborted'>();
    const onAbort = (): void => end.resolve('aborted');
    signal.addEventListener('abort', onAbort, { once: true });
    const before = await thread.cpuTimeMs().catch(() => 0);
    const startedAt = performance.now();
    const look = async (): Promise<void> => {
      const used = (await thread.cpuTimeMs().catch(() => before)) - before;
      if (used >= LONG_MS) onLong();
      if (used >= this.#timeoutMs || performance.now() - startedAt >= this.#timeoutMs * PATIENCE)
        end.resolve('too-long');
    };
    const timer = setInterval(() => void look(), Math.min(LOOK_MS, this.#timeoutMs));
    try {
      if (signal.aborted) throw signal.reason;
      const outcome = await Promise.race([thread.run<CompileReply>(task, [task.bytes.buffer]), end.promise]);
      if (outcome === 'aborted') throw signal.reason;
      if (outcome !== 'too-long') return outcome;
      throw this.#tooLong();
    } catch (error) {
      await this.#drop(thread);
      throw error instanceof ThreadDied ? afterDeath(error) : error;
    } finally {
      clearInterval(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #tooLong(): PluginError {
    const limit = { name: 'compileTimeoutMs', value: this.#timeoutMs };
    return new PluginError(
      'ERR_COMPILE_TIMEOUT',
      `Compiling the component took more than ${limit.value} ms of CPU time`,
      {
        hint: 'Raise `compileTimeoutMs`, or make the component smaller.',
        limit,
      },
    );
  }

  /** @throws {PluginError} when no thread comes up, after some attempts. */
  async #start(): Promise<Thread> {
    for (;;) {
      try {
        const resourceLimits = { maxOldGenerationSizeMb: HEAP_MB };
        const thread = new Thread({ file: 'compile-worker', resourceLimits, wait: 'event-loop' });
        this.#attempts.succeeded();
        this.#threads.add(thread);
        return thread;
      } catch (error) {
        this.#attempts.failed();
        if (this.#attempts.exhausted || this.#state === 'closed') throw this.#attempts.error(error);
        await sleep(this.#attempts.delayMs);
      }
    }
  }

  #takeIdle(): Thread | undefined {
    const [thread] = this.#idle.keys();
    if (thread === undefined) return undefined;
    clearTimeout(this.#idle.get(thread));
    this.#idle.delete(thread);
    return thread;
  }

  #rest(thread: Thread): void {
    if (this.#state === 'closed') void this.#drop(thread);
    else this.#idle.set(thread, setTimeout(() => void this.#drop(thread), IDLE_MS).unref());
  }

  /** Ends a thread. Does not wait for one that V8 cannot interrupt. */
  async #drop(thread: Thread): Promise<void> {
    clearTimeout(this.#idle.get(thread));
    this.#idle.delete(thread);
    this.#threads.delete(thread);
    await thread.end();
  }
}

function afterDeath(error: ThreadDied): PluginError {
  if (error.death === 'out-of-memory') {
    return new PluginError('ERR_INVALID_COMPONENT', `Compiling the component took more than ${HEAP_MB} MiB of heap`, {
      hint: 'Make the component smaller, for instance by stripping debug information.',
      cause: error,
    });
  }
  return new PluginError('ERR_WORKER_CRASHED', 'The thread that compiled the component died', { cause: error });
}
