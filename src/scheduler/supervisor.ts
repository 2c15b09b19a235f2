import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import type { Utterance } from '../contract/values.ts';
import { type ErrorCode, PluginError } from '../errors.ts';
import type { HostCall } from '../host/imports/main-thread.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import { Pool } from '../pool/pool.ts';
import type { ThreadClass } from '../pool/thread-class.ts';
import { STUCK_AFTER_MS, ThreadDied } from '../thread/thread.ts';
import { Batch, type Part } from './batch.ts';
import { HostCalls } from './host-calls.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import { MemoryBudget } from './memory-budget.ts';
import { overrunError } from './overrun.ts';
import { Retirement } from './retirement.ts';
import { TICK_MS, Watch } from './watch.ts';

/** Ticks without work after which the watchdog sleeps. */
const IDLE_TICKS = 200;

/** Why a worker was ended before its time. */
export interface Termination {
  readonly threadId: number;
  readonly plugin: string;
  readonly version: string;
  readonly requestId: string | undefined;
  /** The code of the error with which the request failed. */
  readonly code: ErrorCode;
}

/** A thread that was told to end and has not ended in time: something that V8 or the system cannot interrupt. */
export interface StuckThread extends Termination {
  /** Milliseconds since it was told to end. */
  readonly sinceMs: number;
  /** Threads that are stuck now, of the engine's `maxThreads`. */
  readonly stuck: number;
}

/** What the supervisor tells the scheduler. */
export interface SupervisorListener {
  /** A batch has ended, with every job settled or taken back. */
  readonly onDone: (batch: Batch) => void;
  /** So many milliseconds of its thread went into a part of a batch, of which nothing is in the worker any more. */
  readonly onPart: (batch: Batch, part: Part, milliseconds: number) => void;
  /** Of several lanes' batch only one's is left. */
  readonly onNarrowed: (batch: Batch) => void;
  /** A batch has ended because its thread died. */
  readonly onLost: (batch: Batch) => void;
  /** These jobs had not begun and go back into the queue; in the order last first. */
  readonly onRecalled: (jobs: readonly Job[]) => void;
  /** A batch waits for a function of this thread, so that it needs no processor; then it goes on. */
  readonly onWaits: (batch: Batch) => void;
  readonly onResumes: (batch: Batch) => void;
  /** A batch runs long: it should no longer count against `threads`. */
  readonly onLong: (batch: Batch) => void;
  /** A thread is free. */
  readonly onFree: () => void;
  /** Results may have come in. */
  readonly onProgress: () => void;
  readonly onUnavailable: (threadClass: ThreadClass, error: PluginError) => void;
  readonly onUtterance: (lane: Lane, requestId: string | undefined, utterance: Utterance) => void;
  readonly onTermination: (termination: Termination, lane: Lane) => void;
  /** The thread on which work was ended has not ended itself; it holds what it held. */
  readonly onStuck: (work: Batch | Retirement, thread: StuckThread) => void;
  /** The thread on which work was ended is gone. */
  readonly onGone: (work: Batch | Retirement) => void;
}

/** The supervisor's part of the engine's options, all resolved. */
export interface SupervisorOptions {
  readonly threads: number;
  readonly maxThreads: number;
  readonly maxTotalMemoryBytes: number;
}

/** Runs work on threads, watches the guests meanwhile, and cleans up after threads that die. */
export class Supervisor {
  readonly pool: Pool;
  readonly memory: MemoryBudget;
  /** What guests wait for on this thread. */
  readonly hostCalls: HostCalls = new HostCalls();
  readonly #listener: SupervisorListener;
  readonly #maxThreads: number;
  readonly #work = new Map<PluginThread, Batch | Retirement>();
  readonly #watches = new WeakMap<PluginThread, Watch>();
  /** Lanes that threads may hold instances of, by the number under which they know them. */
  readonly #lanes = new Map<number, Lane>();
  /** What threads did that were ended for it and are not gone. */
  readonly #ended = new Map<PluginThread, { readonly work: Batch | Retirement; readonly termination: Termination }>();
  #ticker: NodeJS.Timeout | undefined;
  #idleTicks = 0;

  constructor({ threads, maxThreads, maxTotalMemoryBytes }: SupervisorOptions, listener: SupervisorListener) {
    this.#listener = listener;
    this.#maxThreads = maxThreads;
    this.memory = new MemoryBudget(maxTotalMemoryBytes);
    this.pool = new Pool(threads + 1, maxThreads, this.memory.droppedOn(maxThreads), {
      onReady: (thread) => this.#ready(thread),
      onSurplus: (thread) => this.#dismiss(thread),
      onUnavailable: listener.onUnavailable,
      onStuck: (thread) => this.#stuck(thread),
      onGone: (thread) => this.#gone(thread),
    });
  }

  /** The batches that are in workers now. */
  *batches(): Generator<Batch, void, undefined> {
    for (const work of this.#work.values()) if (work instanceof Batch) yield work;
  }

  /** Whether what a thread does takes long, so that nothing should wait for it. */
  isTiedUp(thread: PluginThread): boolean {
    const work = this.#work.get(thread);
    return thread.fate === 'leaves' || this.hostCalls.holds(thread) || (work instanceof Batch && work.pace === 'long');
  }

  /** Sends a batch to its thread, which the pool has handed out for it, and the memory is booked that it may need. */
  run(batch: Batch): void {
    for (const { lane } of batch.parts) this.#lanes.set(lane.id, lane);
    this.#begin(batch.thread, batch);
    batch.send();
  }

  /** Looks at what a thread has done so far. */
  collectFrom(thread: PluginThread): void {
    const work = this.#work.get(thread);
    if (work !== undefined) this.collect(work);
  }

  /** Looks at what a worker has done so far: what its guests said, which results are there, whether it is free. */
  collect(work: Batch | Retirement): void {
    const { thread } = work;
    // Asked before looking at the slots: when the order is done, every slot is.
    const { orderDone } = thread.mailbox;
    if (work instanceof Batch) {
      work.drain((job, utterance) => {
        const lane = job?.lane ?? work.lane;
        this.#listener.onUtterance(lane, job?.kind === 'process' ? job.requestId : undefined, utterance);
      });
    } else thread.drainUtterances((_slot, utterance) => this.#listener.onUtterance(work.lane, undefined, utterance));
    // The work may have ended meanwhile, by what a listener did.
    if (orderDone && this.#work.get(thread) === work) this.#done(work);
  }

  /**
   * Ends the worker of a running job, which fails with this error; does nothing when the job was done in time
   * (invariant 2: the decision is the mailbox's).
   */
  kill(batch: Batch, job: Job, error: PluginError): void {
    if (!batch.kill(job, error)) {
      this.collect(batch);
      return;
    }
    const requestId = job.kind === 'process' ? job.requestId : undefined;
    this.#terminate(batch, job.lane, requestId, error.code);
  }

  /** Shuts down the instances of a lane on every thread; resolves when none is left. */
  async retire(lane: Lane): Promise<void> {
    const retirements: Promise<void>[] = [];
    for (const thread of this.pool.threads) {
      if (!thread.definitions.delete(lane.id) && !thread.retiring.has(lane.id)) continue;
      retirements.push(new Promise((resolve) => thread.retiring.set(lane.id, resolve)));
      if (thread.state === 'idle') this.#free(thread);
    }
    await Promise.all(retirements);
    this.#lanes.delete(lane.id);
  }

  /**
   * Has idle threads drop the instances that have not been used for longest, one each, until a lane's would fit. Where
   * that has to be put off it does nothing, since whoever is told of a free thread comes back here.
   */
  makeRoom(lane: Lane): void {
    // What these hold comes back by itself.
    if (this.pool.counts.ending > 0) return;
    for (const thread of [...this.pool.threads]) {
      const definition = this.memory.oldest(thread);
      if (thread.state !== 'idle' || definition === undefined || this.memory.fits(lane)) continue;
      if (!this.#othersHaveThreads(thread)) continue;
      thread.definitions.delete(definition);
      // One whose version goes has somebody who waits for it already.
      if (!thread.retiring.has(definition)) thread.retiring.set(definition, () => {});
      this.#free(thread);
    }
  }

  /** Ends every thread; resolves when each is gone, or known to be stuck. */
  async close(): Promise<void> {
    clearInterval(this.#ticker);
    await this.pool.close();
  }

  #ready(thread: PluginThread): void {
    thread.onWake = () => {
      thread.mailbox.awake();
      const work = this.#work.get(thread);
      if (work !== undefined) this.collect(work);
      this.#listener.onProgress();
    };
    thread.onHostCall = (call) => {
      const work = this.#work.get(thread);
      if (work === undefined) return;
      const running = work instanceof Batch ? work.running : undefined;
      const requestId = running?.kind === 'process' ? running.requestId : undefined;
      void this.#answer(work, requestId, call);
    };
    thread.onDeath = (error) => {
      const work = this.#work.get(thread);
      if (work !== undefined) this.#died(work, error);
      else this.#replace(thread);
    };
    this.#watches.set(thread, new Watch(() => thread.cpuTimeMs()));
    this.#listener.onFree();
  }

  async #answer(work: Batch | Retirement, requestId: string | undefined, call: HostCall): Promise<void> {
    const { thread, lane } = work;
    const answered = this.hostCalls.answer(thread, lane, requestId, call);
    if (work instanceof Batch) this.#listener.onWaits(work);
    if ((await answered) === 'replied' && work instanceof Batch) this.#listener.onResumes(work);
  }

  #begin(thread: PluginThread, work: Batch | Retirement): void {
    thread.state = 'busy';
    this.#work.set(thread, work);
    // Not what keeps the process alive: Piscina holds a reference for as long as a task runs.
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  #done(work: Batch | Retirement): void {
    const { thread } = work;
    this.#work.delete(thread);
    if (work instanceof Batch) {
      const { busyTime } = thread.mailbox;
      let clock = 0;
      for (const { end } of work.parts) clock += thread.mailbox.runTime(end - 1);
      for (const part of work.parts.toReversed())
        this.#partDone(work, part, clock === 0 ? 1 : Math.min(busyTime / clock, 1));
      this.#listener.onDone(work);
    } else {
      const { lane } = work;
      this.memory.dropped(thread, lane.id);
      lane.metrics.endedThread(thread.id);
      thread.counts.delete(lane.metrics);
      thread.retired(lane.id);
    }
    if (thread.mailbox.heapIsTight && thread.fate === 'stays') this.#dismiss(thread);
    else this.#free(thread);
  }

  /** @param share What the thread worked, of what the clock showed. */
  #partDone(batch: Batch, part: Part, share: number): void {
    const { mailbox } = batch.thread;
    this.memory.end(batch.thread, part.lane, mailbox.residentAfter(part.end - 1));
    this.#listener.onPart(batch, part, mailbox.runTime(part.end - 1) * share);
  }

  /** What is left of a batch is one lane's: the others are done with, and do not answer for it. */
  #narrow(batch: Batch, lane: Lane): void {
    for (const part of batch.narrow(lane)) this.#partDone(batch, part, 1);
    this.#listener.onNarrowed(batch);
  }

  /** Lets a thread go: its instances are shut down first. */
  #dismiss(thread: PluginThread): void {
    thread.fate = 'leaves';
    for (const id of thread.definitions) thread.retiring.set(id, () => {});
    thread.definitions.clear();
    this.#free(thread);
  }

  /** A thread has nothing to do: it shuts down what it should no longer hold, and is free then. */
  #free(thread: PluginThread): void {
    const [id] = thread.retiring.keys();
    if (id === undefined && thread.fate === 'leaves') {
      this.#end(thread);
      this.#listener.onFree();
      return;
    }
    if (id === undefined || !this.#othersHaveThreads(thread)) {
      this.pool.release(thread);
      this.#listener.onFree();
      return;
    }
    this.#begin(thread, new Retirement(thread, this.#lanes.get(id)!));
    thread.send({ kind: 'retire', retires: id, count: 0 });
  }

  /** Whether there is a thread for requests while this one shuts an instance down, which may take to its limit. */
  #othersHaveThreads(thread: PluginThread): boolean {
    if (this.pool.size < this.#maxThreads) return true;
    return [...this.pool.threads].some((other) => {
      const work = this.#work.get(other);
      return other !== thread && (work === undefined || (work instanceof Batch && work.pace === 'normal'));
    });
  }

  /** Tries again what {@link #othersHaveThreads} put off. */
  #retireWhatWaits(): void {
    for (const thread of this.pool.threads) if (thread.state === 'idle' && thread.retiring.size > 0) this.#free(thread);
  }

  /** A thread died of itself. */
  #died(work: Batch | Retirement, cause: unknown): void {
    if (this.#work.get(work.thread) !== work) return;
    const death = cause instanceof ThreadDied ? cause.death : 'crashed';
    const running = work instanceof Batch ? work.running : undefined;
    const { lane } = work;
    const error = deathError(work.thread, death, cause);
    if (work instanceof Batch && running !== undefined)
      work.kill(running, running.error(error.code, error.message, error));
    else if (work instanceof Batch) work.lostBeforeAnyBegan(error);
    const requestId = running?.kind === 'process' ? running.requestId : undefined;
    this.#terminate(work, lane, requestId, error.code);
  }

  /** Ends the thread of some work, for which a lane has to answer. */
  #terminate(work: Batch | Retirement, lane: Lane, requestId: string | undefined, code: ErrorCode): void {
    const { thread } = work;
    const { version, definition } = lane;
    const termination = { threadId: thread.id, plugin: definition.plugin, version, requestId, code };
    this.#work.delete(thread);
    if (this.hostCalls.abandon(thread) && work instanceof Batch) this.#listener.onResumes(work);
    lane.metrics.lostWorker(termination.code, this.#watches.get(thread)?.cpuUsed ?? 0);
    this.collect(work);
    if (work instanceof Batch) {
      this.#listener.onRecalled(work.recallAll());
      this.#narrow(work, lane);
      this.#listener.onLost(work);
    }
    this.#ended.set(thread, { work, termination });
    this.#listener.onTermination(termination, lane);
    this.#replace(thread);
  }

  #replace(thread: PluginThread): void {
    this.#end(thread);
    this.pool.keepSpare(thread.threadClass);
    this.#listener.onFree();
  }

  /** Its memory and its place stay on the books until it is gone (invariant 14). */
  #end(thread: PluginThread): void {
    for (const metrics of thread.counts) metrics.endedThread(thread.id);
    thread.counts.clear();
    this.pool.end(thread);
  }

  #stuck(thread: PluginThread): void {
    const ended = this.#ended.get(thread);
    if (ended === undefined) return;
    const { work, termination } = ended;
    this.#listener.onStuck(work, { ...termination, sinceMs: STUCK_AFTER_MS, stuck: this.pool.stuck });
  }

  #gone(thread: PluginThread): void {
    this.memory.ended(thread);
    const work = this.#ended.get(thread)?.work;
    this.#ended.delete(thread);
    if (work !== undefined) {
      this.#listener.onGone(work);
      this.pool.keepSpare(thread.threadClass);
    }
    this.#listener.onFree();
  }

  #tick(): void {
    this.#retireWhatWaits();
    this.#idleTicks = this.#work.size === 0 ? this.#idleTicks + 1 : 0;
    if (this.#idleTicks > IDLE_TICKS) {
      clearInterval(this.#ticker);
      this.#ticker = undefined;
      this.#idleTicks = 0;
    }
    const now = performance.now();
    for (const work of this.#work.values()) this.#look(work, now);
    this.#listener.onProgress();
  }

  #look(work: Batch | Retirement, now: number): void {
    const { thread } = work;
    const watch = this.#watches.get(thread)!;
    // A worker coalesces its wake-ups; this look is for the result that came just after one (invariant 4).
    this.collect(work);
    if (this.#work.get(thread) !== work) return;
    const running = work instanceof Batch ? work.running : undefined;
    // In a section it is the one that ran last, which may be shut down after each request: such a lane is alone.
    const lane = running?.lane ?? work.lane;
    const { policy } = lane.definition;
    const { section, entries, phase } = thread.mailbox;
    const overrun = watch.look(running === undefined && section === 0 ? Number.NaN : entries, policy, now);
    if (overrun !== undefined) {
      const error = overrunError(overrun, phase, policy);
      if (work instanceof Batch && running !== undefined)
        this.kill(work, running, running.error(error.code, error.message, error));
      else if (section !== 0 && thread.mailbox.killSection(section)) this.#terminate(work, lane, undefined, error.code);
      return;
    }
    if (!(work instanceof Batch)) return;
    const isLong = work.effort.isLong(now, thread.mailbox.asleep);
    const isSeenTwice = watch.elapsed(now) >= TICK_MS;
    if (!isSeenTwice && !isLong) return;
    // What waits behind it in the mailbox goes to other threads; also where its requests take longer than was thought.
    const recalled = work.recallAll();
    if (recalled.length > 0) this.#listener.onRecalled(recalled);
    if (!isSeenTwice) return;
    if (running?.state === 'settled') {
      // Its caller gave it up, and it has had a look's time to end by itself.
      this.kill(work, running, running.failure ?? running.error('ERR_ABORTED', 'The request was given up'));
    } else if (work.pace === 'normal' && isLong && !this.hostCalls.holds(thread)) {
      work.pace = 'long';
      this.#narrow(work, lane);
      this.#listener.onLong(work);
    }
  }
}

function deathError(thread: PluginThread, death: ThreadDied['death'], cause: unknown): PluginError {
  if (death !== 'out-of-memory') {
    return new PluginError('ERR_WORKER_CRASHED', 'The worker thread died while it ran the request', { cause });
  }
  const limit = { name: 'heapBytes', value: thread.threadClass.heapBytes };
  return new PluginError(
    'ERR_MEMORY_LIMIT',
    `The host's part of the plugin's work needed more than ${limit.value} bytes of JavaScript heap`,
    {
      limit,
      hint: 'Let the plugin return less at a time; a larger `maxOutputBytes` in its policy also gets it a larger heap.',
      cause,
    },
  );
}
