import { performance } from 'node:perf_hooks';
import type { Utterance } from '../contract/values.ts';
import { fromWire, type PluginError } from '../errors.ts';
import { type Order, SlotState } from '../pool/mailbox-layout.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import type { LargeRequest } from '../pool/protocol.ts';
import { Effort } from './effort.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';

/** Workers that may die before a job begins; then it fails instead of trying another. */
export const MAX_LOSSES = 3;

/** What a function returned is with the job; for the books it is an answer. */
const RETURNED = Object.freeze({ output: '', success: true });

/**
 * Jobs of one lane on their way through one worker. The unit of dispatch is the batch, the unit of everything else is
 * the job: each one's state is its slot in the mailbox, and the worker takes them in order.
 */
export class Batch {
  readonly thread: PluginThread;
  readonly lane: Lane;
  readonly jobs: readonly Job[];
  readonly startedAt: number = performance.now();
  /** How long its thread has worked on it. */
  readonly effort: Effort;
  /** `long` once it has run long enough to give up its slot to another thread (invariant 3). */
  pace: 'normal' | 'long' = 'normal';
  /** Jobs that ran to their end here. */
  finished = 0;
  /** Every job before it is settled or taken back. */
  #cursor = 0;

  constructor(thread: PluginThread, lane: Lane, jobs: readonly Job[]) {
    this.thread = thread;
    this.lane = lane;
    this.jobs = jobs;
    this.effort = new Effort(() => thread.cpuTimeMs(), thread.mailbox.cpuBefore, this.startedAt);
  }

  /** Packs the jobs into the mailbox and gives the worker the order. */
  send(): void {
    const { thread, lane, jobs } = this;
    const { mailbox } = thread;
    const kind = jobs[0]!.kind === 'prepare' ? 'prepare' : 'process';
    const large = new Map<number, LargeRequest>();
    mailbox.reset();
    for (let slot = 0; slot < jobs.length; slot++) {
      const job = jobs[slot]!;
      job.state = 'sent';
      job.batch = this;
      job.slot = slot;
      mailbox.asked(slot, job.askedAt);
      const { input, options, call } = job;
      if (kind === 'process' && call === undefined && mailbox.putRequest(slot, input, options)) continue;
      if (kind === 'process') large.set(slot, { input, options, ...(call !== undefined && { call }) });
      mailbox.queue(slot);
    }
    lane.sent += jobs.length;
    const isNew = !thread.definitions.has(lane.id);
    thread.definitions.add(lane.id);
    const order: Omit<Order, 'parcel'> = { kind, definition: lane.id, count: jobs.length };
    if (!isNew && large.size === 0) thread.send(order);
    else {
      const news = { define: lane.definition, ...counted(lane, thread) };
      thread.send(order, { ...(isNew && news), ...(large.size > 0 && { large }) });
    }
  }

  /** Settles what is done, in order; what the guests said about a request comes before its result. */
  drain(said: (job: Job | undefined, utterance: Utterance) => void): void {
    const { mailbox } = this.thread;
    // First what is over, then the ring: what was said about it stands there by now.
    let end = this.#cursor;
    while (end < this.jobs.length && isOver(mailbox.state(end))) end++;
    this.thread.drainUtterances((slot, utterance) => said(this.jobs[slot], utterance));
    while (this.#cursor < end) {
      const slot = this.#cursor++;
      // A job that was taken back may be in another mailbox by now.
      if (mailbox.state(slot) !== SlotState.done) continue;
      this.finished++;
      this.#settle(this.jobs[slot]!);
    }
  }

  /** The job that the worker is in, or undefined. */
  get running(): Job | undefined {
    const { mailbox } = this.thread;
    // The worker takes them in order.
    let slot = this.#cursor;
    while (slot < this.jobs.length && isOver(mailbox.state(slot))) slot++;
    return slot < this.jobs.length && mailbox.state(slot) === SlotState.running ? this.jobs[slot] : undefined;
  }

  /** Milliseconds that a job has run so far, or ran; undefined when it has not begun. */
  ranMs(job: Job): number | undefined {
    const { begun, ended } = this.thread.mailbox.times(job.slot);
    if (begun === 0) return undefined;
    return (ended === 0 ? performance.now() : ended) - begun;
  }

  /** How many of its jobs have not begun. */
  get notBegun(): number {
    let count = 0;
    for (let slot = this.#cursor; slot < this.jobs.length; slot++) {
      if (this.thread.mailbox.state(slot) === SlotState.queued) count++;
    }
    return count;
  }

  /** Takes back a job that has not begun; false when it has. */
  recall(job: Job): boolean {
    if (!this.thread.mailbox.recall(job.slot)) return false;
    job.state = 'taken';
    job.batch = undefined;
    this.lane.sent--;
    return true;
  }

  /**
   * Takes back every job that has not begun, or those of them that fit; last first, as they go back to the front of the
   * queue one by one. The worker goes through them from the front, and so does this: it is soon ahead of the worker.
   */
  recallAll(fits: (job: Job) => boolean = () => true): Job[] {
    const recalled: Job[] = [];
    for (let slot = this.#cursor; slot < this.jobs.length; slot++) {
      const job = this.jobs[slot]!;
      if (job.state === 'sent' && job.batch === this && fits(job) && this.recall(job)) recalled.push(job);
    }
    return recalled.reverse();
  }

  /** Decides that the running job fails with this error; false when it was done before. */
  kill(job: Job, error: PluginError): boolean {
    const { mailbox } = this.thread;
    if (!mailbox.kill(job.slot)) return false;
    job.began = true;
    this.lane.gate?.killed(job, error);
    if (job.kind === 'process') this.lane.metrics.lostCall(mailbox.times(job.slot), performance.now());
    job.reject(error);
    return true;
  }

  /** The worker died and had begun nothing: what keeps dying before it begins is failed in the end. */
  lostBeforeAnyBegan(error: PluginError): void {
    const job = this.jobs[this.#cursor];
    if (job === undefined || ++job.losses < MAX_LOSSES || !this.recall(job)) return;
    job.reject(job.error(error.code, error.message, error));
  }

  #settle(job: Job): void {
    job.began = true;
    const response = job.kind === 'process' ? this.thread.mailbox.response(job.slot) : undefined;
    if (response !== undefined) {
      job.resolve(response);
      return;
    }
    const posted = this.thread.posted(job.slot);
    if (posted?.kind === 'response') job.resolve(posted.response);
    else if (posted?.kind === 'value') {
      job.value = posted.value;
      job.resolve(RETURNED);
    } else if (posted?.kind === 'metadata') job.resolve(posted.metadata);
    else if (posted?.kind === 'error') {
      const error = fromWire(posted.error);
      job.reject(job.error(error.code, error.message, error));
    } else job.reject(job.error('ERR_WORKER_CRASHED', 'The worker finished the request and lost its result'));
  }
}

function isOver(state: SlotState): boolean {
  return state !== SlotState.queued && state !== SlotState.running;
}

/** What a thread that meets a lane for the first time is to count on, and the books that this is of. */
export function counted({ metrics }: Lane, thread: PluginThread): { readonly tally?: SharedArrayBuffer } {
  thread.counts.add(metrics);
  return metrics.parcel(thread.id);
}
