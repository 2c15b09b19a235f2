import type { ErrorCode, PluginError } from '../errors.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import { Pool } from '../pool/pool.ts';
import type { HostCallMessage } from '../pool/protocol.ts';
import { ThreadDied } from '../thread/thread.ts';
import { Batch } from './batch.ts';
import { Billing } from './billing.ts';
import { ConcurrentBatch } from './concurrent-batch.ts';
import { deathError } from './death-error.ts';
import { EndedThreads } from './ended-threads.ts';
import { HostCalls } from './host-calls.ts';
import { Interruptions } from './interruptions.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import { MemoryBudget } from './memory-budget.ts';
import type { Retirement } from './retirement.ts';
import { Retirements } from './retirements.ts';
import type { SupervisorListener } from './supervisor-listener.ts';
import { Watchdog } from './watchdog.ts';

/** The supervisor's part of the engine's options, all resolved. */
export interface SupervisorOptions {
  readonly threads: number;
  readonly maxThreads: number;
  readonly maxTotalMemoryBytes: number;
}

/** Runs work on threads, and cleans up after those that die; {@link Watchdog} decides which have to. */
export class Supervisor {
  readonly pool: Pool;
  readonly memory: MemoryBudget;
  /** What guests wait for on this thread. */
  readonly hostCalls: HostCalls = new HostCalls();
  /** What threads do between batches. */
  readonly retirements: Retirements;
  /** How many batches wait behind others. */
  waiting = 0;
  readonly #listener: SupervisorListener;
  readonly #watchdog: Watchdog;
  readonly #work = new Map<PluginThread, Batch | Retirement>();
  readonly #interruptions = new Interruptions();
  readonly #ended = new EndedThreads();
  readonly #billing: Billing;

  constructor({ threads, maxThreads, maxTotalMemoryBytes }: SupervisorOptions, listener: SupervisorListener) {
    this.#listener = listener;
    this.memory = new MemoryBudget(maxTotalMemoryBytes);
    this.#billing = new Billing(this.memory, listener);
    this.pool = new Pool(threads + 1, maxThreads, this.memory.droppedOn(maxThreads), {
      onReady: (thread) => this.#ready(thread),
      onRetry: () => listener.onFree(),
      onSurplus: (thread) => this.retirements.dismiss(thread),
      onUnavailable: listener.onUnavailable,
      onStuck: (thread) => {
        const stuck = this.#ended.stuck(thread, this.pool.stuck);
        if (stuck !== undefined) listener.onStuck(...stuck);
      },
      onGone: (thread) => this.#gone(thread),
    });
    this.retirements = new Retirements(this.pool, this.memory, maxThreads, this.#work, {
      begin: (retirement) => this.#begin(retirement),
      end: (thread) => this.#end(thread),
      onFree: () => listener.onFree(),
    });
    this.#watchdog = new Watchdog(this.#work, (thread) => this.hostCalls.holds(thread), {
      collect: (work) => {
        this.collect(work);
        return this.#work.get(work.thread) === work;
      },
      kill: (batch, job, error) => this.kill(batch, job, error),
      endSection: (work, lane, error) => this.#stop(work, lane, undefined, error.code),
      isInterrupted: (thread) => this.#interruptions.has(thread),
      onInterrupted: (work, now) => this.#checkInterruption(work, now),
      takeBack: (batch) => this.#takeBack(batch),
      onLong: (batch, lane) => {
        this.#billing.narrow(batch, lane);
        listener.onLong(batch);
      },
      isWaitedFor: () => (this.retirements.isPutOff ? 'put off' : listener.isWaitedFor() ? 'queued' : 'no'),
      onTick: (when) => {
        if (when === 'before') this.retirements.goOn();
        else listener.onProgress();
      },
    });
  }

  /** The batches that are in workers now, those that wait there included. */
  *batches(): Generator<Batch, void, undefined> {
    for (const work of this.#work.values()) {
      if (!(work instanceof Batch)) continue;
      yield work;
      if (work.behind !== undefined) yield work.behind;
    }
  }

  /** Batches behind which another one may wait: their threads have nothing else to do next, and can be relied on to come to it. */
  *leaders(): Generator<Batch, void, undefined> {
    for (const work of this.#work.values()) {
      if (!(work instanceof Batch) || work.pace === 'long' || work.behind !== undefined) continue;
      // Its call may come to no check, and then the thread has to go.
      if (this.#interruptions.has(work.thread)) continue;
      const { status, fate, retiring } = work.thread;
      if (fate === 'stays' && retiring.size === 0 && !status.heapIsTight) yield work;
    }
  }

  /** Whether what a thread does takes long, so that nothing should wait for it. */
  isTiedUp(thread: PluginThread): boolean {
    const work = this.#work.get(thread);
    return thread.fate === 'leaves' || this.hostCalls.holds(thread) || (work instanceof Batch && work.pace === 'long');
  }

  /** Sends a batch to its thread, which the pool has handed out for it, and the memory is booked that it may need. */
  run(batch: Batch): void {
    this.#prepare(batch);
    this.#begin(batch);
    batch.begin();
    this.#listener.onTurn(batch);
    this.#send(batch);
  }

  /** Sends a batch to the thread of another one, to be taken up when that is done; the memory is booked that it may need. */
  runBehind(leader: Batch, batch: Batch): void {
    this.#prepare(batch);
    leader.behind = batch;
    this.waiting++;
    this.#send(batch);
  }

  #prepare(batch: Batch): void {
    batch.berth.said = (slot, utterance) => batch.said(batch.jobs[slot], utterance);
    batch.said = (job, utterance) => {
      if (utterance.kind === 'tape') {
        job?.lane.recorder?.heard(job, utterance.text);
        return;
      }
      this.#listener.onUtterance(
        job?.lane ?? batch.lane,
        job?.kind === 'process' ? job.requestId : undefined,
        utterance,
      );
    };
  }

  #send(batch: Batch): void {
    batch.send();
    for (const lane of batch.introduced) this.retirements.meet(lane);
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
    const { orderDone } = work.berth.mailbox;
    if (work instanceof Batch) work.drain();
    else
      thread.drainUtterances((_berth, _slot, utterance) => this.#listener.onUtterance(work.lane, undefined, utterance));
    // The work may have ended meanwhile, by what a listener did.
    if (orderDone && this.#work.get(thread) === work) this.#done(work);
  }

  /**
   * Ends a running job, which fails with this error, and its worker unless it can be interrupted; does nothing when it was done in time
   * (invariant 2: the decision is the mailbox's).
   *
   * @param others What requests fail with that go on beside it and end with it. @default that they were lost to it
   */
  kill(batch: Batch, job: Job, error: PluginError, others?: (job: Job) => PluginError): void {
    if (!batch.kill(job, error, others)) {
      this.collectFrom(batch.thread);
      return;
    }
    // What was before it is done, and not yet told of it may be.
    if (batch.turn === 'waits') this.collectFrom(batch.thread);
    const requestId = job.kind === 'process' ? job.requestId : undefined;
    this.#stop(batch, job.lane, requestId, error.code);
  }

  /** Has the watchdog look for a while, although nothing may run. */
  watch(): void {
    this.#watchdog.wake();
  }

  /** Ends every thread; resolves when each is gone, or known to be stuck. */
  async close(): Promise<void> {
    this.#watchdog.stop();
    await this.pool.close();
  }

  #ready(thread: PluginThread): void {
    thread.onWake = () => {
      thread.status.awake();
      const work = this.#work.get(thread);
      if (work !== undefined) this.collect(work);
      this.#listener.onProgress();
    };
    thread.onHostCall = (message) => {
      const work = this.#work.get(thread);
      if (message.kind === 'host-calls-dropped') this.hostCalls.drop(thread, message.ids);
      else if (work === undefined) return;
      else if (message.kind === 'waits') this.#waits(work, message.heard);
      else void this.#answer(work, message);
    };
    thread.onDeath = (error) => {
      const before = this.#work.get(thread);
      // It may have come to what waited there, and died of that.
      if (before instanceof Batch && before.behind !== undefined) this.collect(before);
      const work = this.#work.get(thread);
      if (work !== undefined) this.#died(work, error);
      else this.#replace(thread);
    };
    this.#watchdog.meet(thread);
    this.#listener.onFree();
  }

  async #answer(work: Batch | Retirement, asked: Extract<HostCallMessage, { kind: 'host-call' }>): Promise<void> {
    const { thread, lane } = work;
    const job = work instanceof Batch ? work.jobAt(asked.slot) : undefined;
    const requestId = job?.kind === 'process' ? job.requestId : undefined;
    const answered = this.hostCalls.answer(thread, lane, requestId, asked);
    if (asked.waits) this.#waits(work);
    const outcome = await answered;
    // The thread may be at something else by now: who waited then is who goes on.
    const now = this.#work.get(thread);
    if (outcome === 'resumed' && now instanceof Batch) this.#listener.onResumes(now);
  }

  #waits(work: Batch | Retirement, heard?: number): void {
    if (this.hostCalls.waits(work.thread, heard) && work instanceof Batch) this.#listener.onWaits(work);
  }

  #begin(work: Batch | Retirement): void {
    work.thread.state = 'busy';
    this.#work.set(work.thread, work);
    this.#watchdog.wake();
  }

  #done(work: Batch | Retirement): void {
    const { thread } = work;
    const next = work instanceof Batch ? work.behind : undefined;
    this.#interruptions.forget(thread);
    // Or the berth would keep its requests until it is used again.
    work.berth.said = undefined;
    if (next === undefined) this.#work.delete(thread);
    else {
      this.#work.set(thread, next);
      this.waiting--;
    }
    if (work instanceof Batch) {
      if (work.turn === 'came') {
        // What it last waited for may have come from elsewhere than the host.
        if (this.hostCalls.resumes(thread)) this.#listener.onResumes(work);
        this.#billing.over(work);
        this.#listener.onDone(work);
      }
    } else {
      const { lane } = work;
      this.memory.dropped(thread, lane.id);
      lane.metrics.endedThread(thread.id);
      thread.counts.delete(lane.metrics);
      thread.retired(lane.id);
    }
    if (next !== undefined) this.#goOn(next);
    else if (thread.status.heapIsTight && thread.fate === 'stays') this.retirements.dismiss(thread);
    else this.retirements.free(thread);
  }

  /** A thread has come to what waited there; it may be done with it. */
  #goOn(batch: Batch): void {
    if (batch.turn === 'waits') {
      batch.begin();
      this.#listener.onTurn(batch);
    }
    this.collect(batch);
  }

  /** What has not begun of a batch goes back into the queue, and what waits behind it. */
  #takeBack(batch: Batch): void {
    const { behind } = batch;
    if (behind !== undefined) {
      this.#listener.onRecalled(behind.recallAll());
      if (behind.turn === 'waits' && behind.isTakenBack) this.#billing.empty(behind);
    }
    const recalled = batch.recallAll();
    if (recalled.length > 0) this.#listener.onRecalled(recalled);
  }

  /** A thread died of itself. */
  #died(work: Batch | Retirement, cause: unknown): void {
    if (this.#work.get(work.thread) !== work) return;
    const death = cause instanceof ThreadDied ? cause.death : 'crashed';
    const running = work instanceof Batch ? work.running : undefined;
    const { lane } = work;
    const error = deathError(work.thread.threadClass, death, cause);
    if (work instanceof Batch && running !== undefined)
      work.kill(running, running.error(error.code, error.message, error));
    else if (work instanceof Batch) (work.notBegun > 0 ? work : (work.behind ?? work)).lostBeforeAnyBegan(error);
    const requestId = running?.kind === 'process' ? running.requestId : undefined;
    this.#terminate(work, lane, requestId, error.code);
  }

  /** Has a call end that was won: by a trap of its own, or together with its thread. */
  #stop(work: Batch | Retirement, lane: Lane, requestId: string | undefined, code: ErrorCode): void {
    const { thread } = work;
    const waits = work instanceof Batch && work.killed?.call?.kind === 'conversation';
    // What waits for the embedder's function comes to no check.
    if (
      work instanceof ConcurrentBatch ||
      this.hostCalls.holds(thread) ||
      !this.#interruptions.reaches(thread, lane, waits)
    ) {
      this.#terminate(work, lane, requestId, code);
      return;
    }
    this.#listener.onInterrupted(lane, code);
    if (work instanceof Batch) this.#takeBack(work);
    this.#interruptions.begin(thread, lane, requestId, code);
  }

  #checkInterruption(work: Batch | Retirement, now: number): void {
    const overdue = this.#interruptions.overdue(work.thread, now);
    if (overdue !== undefined) this.#terminate(work, overdue.lane, overdue.requestId, overdue.code);
  }

  /** Ends the thread of some work, for which a lane has to answer. */
  #terminate(work: Batch | Retirement, lane: Lane, requestId: string | undefined, code: ErrorCode): void {
    const { thread } = work;
    const { version, definition } = lane;
    const termination = { threadId: thread.id, plugin: definition.plugin, version, requestId, code };
    this.#work.delete(thread);
    this.#interruptions.forget(thread);
    thread.control.end();
    if (this.hostCalls.abandon(thread) && work instanceof Batch) this.#listener.onResumes(work);
    lane.metrics.lostWorker(termination.code, this.#watchdog.cpuUsed(thread));
    this.collect(work);
    if (work instanceof Batch) {
      work.countLost();
      if (work.behind !== undefined) {
        this.waiting--;
        this.#listener.onRecalled(work.behind.recallAll());
      }
      this.#listener.onRecalled(work.recallAll());
      if (work.turn === 'came') {
        this.#billing.narrow(work, lane);
        this.#listener.onLost(work);
      }
    }
    this.#ended.add(thread, work, termination);
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

  #gone(thread: PluginThread): void {
    this.memory.ended(thread);
    const work = this.#ended.forget(thread);
    if (work !== undefined) {
      this.#listener.onGone(work);
      this.pool.keepSpare(thread.threadClass);
    }
    thread.clear();
    this.#listener.onFree();
  }
}
