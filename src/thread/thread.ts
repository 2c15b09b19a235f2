import module from 'node:module';
import { dirname } from 'node:path';
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';
import type { MessagePort, ResourceLimits, Worker } from 'node:worker_threads';
import type * as PiscinaPackage from 'piscina';
import { describe } from '../errors.ts';
import { codeFile, requireDependency } from '../package/root.ts';
import { isError } from '../text/is-error.ts';

/** Why a thread's task ended without a result. */
export type Death = 'terminated' | 'out-of-memory' | 'crashed';

/** A task ended because its thread did. */
export class ThreadDied extends Error {
  override readonly name: string = 'ThreadDied';
  readonly death: Death;

  constructor(death: Death, cause: unknown) {
    super(`The worker thread ${death === 'crashed' ? `died: ${describe(cause)}` : `was ${death}`}`, { cause });
    this.death = death;
  }
}

/**
 * Milliseconds in which a thread that was told to end is expected to. V8 ends what it can interrupt in some
 * milliseconds, one huge `memory.fill` in a second or two; it cannot interrupt its own compilers, nor a system call.
 */
export const STUCK_AFTER_MS = 2_000;

/** What a thread is started with. */
export interface ThreadOptions {
  /** The file in `workers/` to run, without its extension. */
  readonly file: 'plugin-worker' | 'compile-worker';
  readonly resourceLimits: ResourceLimits;
  /**
   * How the idle thread waits for its next task: blocked, which takes it up 3× faster, or in its event loop, which
   * tasks that await something need.
   */
  readonly wait: 'blocked' | 'event-loop';
}

/**
 * One worker thread that runs one task at a time: a Piscina of exactly one worker. This file is the only one that
 * knows Piscina. It brings the worker's life cycle, the task transport and its fast path over `Atomics`; the queue,
 * the choice of worker and the limits are the engine's own, because Piscina's queue can starve (piscina#1031), its
 * options cannot differ between workers, and aborting a task kills its neighbours on the same worker.
 */
export class Thread {
  readonly #piscina: PiscinaPackage.Piscina;
  readonly #worker: Worker;
  readonly #gone: Promise<void>;
  #state: 'running' | 'terminated' | 'gone' = 'running';
  #terminated: Promise<void> | undefined;
  /** Fails the task that is running. */
  #fail: ((error: ThreadDied) => void) | undefined;
  /** While the worker loads, where that must not be cut short. */
  #loading: Promise<unknown> | undefined;

  /** @throws {Error} of the system's or of Node's, when no thread can be started. */
  constructor(options: ThreadOptions) {
    const { Piscina } = requireDependency<typeof PiscinaPackage>('piscina');
    this.#piscina = new Piscina({
      filename: fileURLToPath(codeFile(`workers/${options.file}`)),
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: options.wait === 'blocked' ? 'sync' : 'disabled',
      recordTiming: false,
      // The guest's host code has no use for the process's environment, and secrets stay out of the thread (invariant 10).
      env: compileCache(),
      argv: [],
      resourceLimits: options.resourceLimits,
    });
    // Without a listener the failure of an idle worker would crash the process; the next task finds out by itself.
    this.#piscina.on('error', () => {});
    // One that dies is not replaced: a new one could not be told from it, and where starting it fails, Piscina throws in
    // the middle of an event (piscina 5.3).
    const bounds: { minThreads: number; maxThreads: number } = this.#piscina.options;
    bounds.minThreads = 0;
    bounds.maxThreads = 0;
    const worker = this.#piscina.threads[0]!;
    this.#worker = worker;
    this.#gone = new Promise((resolve) => {
      worker.once('exit', (code) => {
        resolve();
        // Piscina knows more about why; it may also know nothing of the task.
        setImmediate(() => {
          this.#state = 'gone';
          this.#fail?.(new ThreadDied('crashed', new Error(`the thread exited with status ${code}`)));
        });
      });
    });
    if (!MUST_LOAD) return;
    // Piscina's worker says that it is ready with the first message.
    this.#loading = new Promise((resolve) => worker.once('message', resolve).once('exit', resolve)).then(() => {
      this.#loading = undefined;
    });
  }

  /**
   * Runs one task; the caller waits for its end before it gives the thread another, so that Piscina's own queue
   * stays empty.
   *
   * @param transfer What goes over with the task, and is of no use here afterwards.
   * @throws {ThreadDied} when the thread ended first.
   */
  run<Result>(task: unknown, transfer?: readonly (MessagePort | ArrayBuffer)[]): Promise<Result> {
    if (this.#state === 'gone') return Promise.reject(new ThreadDied('crashed', new Error('the thread is gone')));
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#fail = reject;
    // Piscina derives its type of a transfer list from an overload that @types/node 26 no longer has.
    const running =
      transfer === undefined ? this.#piscina.run(task) : this.#piscina.run(task, { transferList: transfer as never });
    running.then(resolve, (error: unknown) => {
      const code = isError(error) && 'code' in error ? error.code : undefined;
      if (this.#state === 'terminated') reject(new ThreadDied('terminated', error));
      else reject(new ThreadDied(code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out-of-memory' : 'crashed', error));
    });
    return promise;
  }

  /** Milliseconds of CPU time that the thread has used so far. Answers while the thread spins or blocks. */
  async cpuTimeMs(): Promise<number> {
    const { user, system } = await this.#worker.cpuUsage();
    return (user + system) / 1000;
  }

  /** Ends the thread, whatever it is doing. Resolves when it is gone. */
  terminate(): Promise<void> {
    if (this.#state === 'running') this.#state = 'terminated';
    // Not the abort signal of a task: Piscina would start a new worker in the place of the old one.
    this.#terminated ??= this.#end();
    return this.#terminated;
  }

  /** The same, but resolves after {@link STUCK_AFTER_MS} at the latest; the process does not wait for it any longer then. */
  async end(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const stuck = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.unref();
        resolve();
      }, STUCK_AFTER_MS);
    });
    await Promise.race([this.terminate(), stuck]);
    clearTimeout(timer);
  }

  /** Lets the process end without it, as far as Node can: it waits for every thread where V8 lets nobody interrupt. */
  unref(): void {
    this.#worker.unref();
  }

  async #end(): Promise<void> {
    if (this.#loading !== undefined) {
      // Whoever waits for the end may have nothing else that keeps the process alive.
      this.#worker.ref();
      await this.#loading;
    }
    await Promise.all([this.#piscina.destroy(), this.#gone]);
  }
}

/**
 * Node 22 aborts the process when a thread is ended while it loads an ES module (`v8::Module::IsGraphAsync must be used
 * on an instantiated module`). To go when the floor is Node 24.
 */
const MUST_LOAD = Number.parseInt(process.versions.node, 10) < 24;

/** Where the process keeps code that Node has compiled, if it does: the worker's is found there, too. */
function compileCache(): { NODE_COMPILE_CACHE?: string } {
  // Of a version and a user; Node adds both.
  const directory = module.getCompileCacheDir?.();
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) };
}
