import { performance } from 'node:perf_hooks';
import type { Utterance } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import type { Berth } from '../pool/berth.ts';
import { SlotState } from '../pool/mailbox-layout.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import type { Introduction, LargeRequest } from '../pool/protocol.ts';
import { isPut, messageOf } from './call-message.ts';
import { Effort } from './effort.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import { type Part, partsOf } from './part.ts';
import { settle } from './settlement.ts';
import type { Tenant } from './tenant.ts';

/** Workers that may die before a job begins; then it fails instead of trying another. */
export const MAX_LOSSES = 3;

/**
 * Jobs on their way through one worker, of one lane or of several that are known to be short. The unit of dispatch is the
 * batch, the unit of everything else is the job: each one's state is its slot in the mailbox, and the worker takes them in
 * order.
 */
export class Batch {
  readonly thread: PluginThread;
  readonly berth: Berth;
  readonly jobs: readonly Job[];
  /** `waits` behind another one at its worker, which may be in it already; `empty` when all of it was taken back there. */
  turn: 'waits' | 'came' | 'empty' = 'waits';
  /** What its worker takes next. */
  behind: Batch | undefined;
  /** Whether nothing was found that could. */
  isAlone = false;
  startedAt = 0;
  /** How long its thread has worked on it. */
  effort!: Effort;
  /** `long` once it has worked long enough to give up its slot to another thread (invariant 3). */
  pace: 'normal' | 'long' = 'normal';
  /** Lanes that its thread met with it: the making of their instances is in what their requests took. */
  readonly introduced: Set<Lane> = new Set();
  /** The job that was killed in it, or the block of a record that was. */
  killed: Job | undefined;
  /** Lanes for whose instances memory is booked because of it. */
  readonly booked: Set<Lane>;
  /** Hears what guests say, of the job if it is one's. Set by whoever runs it. */
  said: (job: Job | undefined, utterance: Utterance) => void = () => {};
  /** Groups whose requests it carries: each holds its thread while it is this batch's turn. */
  readonly holders: Set<Tenant<Lane>> = new Set();
  #parts: readonly Part[];
  /** Every job before it is settled or taken back. */
  #cursor = 0;
  /** The part that the cursor is in. */
  #part = 0;

  constructor(thread: PluginThread, jobs: readonly Job[]) {
    this.thread = thread;
    this.berth = thread.nextBerth;
    this.jobs = jobs;
    this.#parts = partsOf(jobs);
    this.booked = new Set(this.#parts.map(({ lane }) => lane));
  }

  /** It is what its worker is at now. */
  begin(): void {
    const { thread } = this;
    this.turn = 'came';
    this.startedAt = performance.now();
    this.effort = new Effort(() => thread.cpuTimeMs(), thread.status.cpuBefore, this.startedAt);
    for (const { lane } of this.#parts) this.holders.add(lane.tenant);
    for (const tenant of this.holders) tenant.held++;
  }

  /** What of it is whose. */
  get parts(): readonly Part[] {
    return this.#parts;
  }

  /** Whose turn it is: the lane of the job that the worker is in, or of the next or last one. */
  get lane(): Lane {
    if (this.#parts.length === 1) return this.#parts[0]!.lane;
    const { mailbox } = this.berth;
    let slot = this.#cursor;
    while (slot < this.jobs.length && isOver(mailbox.state(slot))) slot++;
    return this.#partOf(Math.min(slot, this.jobs.length - 1)).lane;
  }

  /** Its thread is no more held for groups of which nothing is left in it. */
  letGo(isOver: boolean): void {
    for (const tenant of this.holders) {
      if (!isOver && this.#parts.some(({ lane }) => lane.tenant === tenant)) continue;
      this.holders.delete(tenant);
      tenant.held--;
    }
  }

  has(lane: Lane): boolean {
    return this.#parts.some((part) => part.lane === lane);
  }

  /** Makes it what is left in its worker, one lane's; returns the parts that are over. */
  narrow(lane: Lane): Part[] {
    const over = this.#parts.filter((part) => part.lane !== lane);
    this.#parts = this.#parts.filter((part) => part.lane === lane);
    this.#part = 0;
    return over;
  }

  /** Packs the jobs into the mailbox and gives the worker the order. */
  send(): void {
    const { thread, jobs } = this;
    const { mailbox } = this.berth;
    const kind = this.order;
    const large = new Map<number, LargeRequest>();
    mailbox.reset();
    for (let slot = 0; slot < jobs.length; slot++) {
      const job = jobs[slot]!;
      this.place(job, slot);
      const { call } = job;
      if (kind !== 'prepare') {
        if (call === undefined ? mailbox.putRequest(slot, job.input, job.options) : isPut(mailbox, slot, call))
          continue;
        large.set(
          slot,
          call === undefined ? { kind: 'process', input: job.input, options: job.options } : messageOf(call),
        );
      }
      if (call?.kind === 'conversation') thread.callers.open(call.conversation);
      mailbox.queue(slot);
    }
    const define = this.introduce();
    const order = { kind, count: jobs.length } as const;
    if (define === undefined && large.size === 0) thread.send(order);
    else thread.send(order, { ...(define !== undefined && { define }), ...(large.size > 0 && { large }) });
  }

  /** What the worker is to do with the jobs. */
  protected get order(): 'process' | 'prepare' | 'concurrent' {
    return this.jobs[0]!.kind === 'prepare' ? 'prepare' : 'process';
  }

  /** Has a job go in a slot of the mailbox. */
  protected place(job: Job, slot: number): void {
    job.state = 'sent';
    job.batch = this;
    job.slot = slot;
    job.lane.sent++;
    this.berth.mailbox.address(slot, job.lane.id, job.askedAt);
  }

  /** What the thread has to be told of lanes that it meets for the first time. */
  protected introduce(): ReadonlyMap<number, Introduction> | undefined {
    const { thread } = this;
    let define: Map<number, Introduction> | undefined;
    for (const { lane } of this.#parts) {
      if (thread.definitions.has(lane.id)) continue;
      thread.meets(lane.id);
      thread.counts.add(lane.metrics);
      lane.settles(thread);
      this.introduced.add(lane);
      define ??= new Map();
      define.set(lane.id, { definition: lane.definition, ...lane.metrics.parcel(thread.id) });
    }
    return define;
  }

  /** Settles what is done, in order; what the guests said about a request comes before its result. */
  drain(): void {
    const { mailbox } = this.berth;
    // First what is over, then the ring: what was said about it stands there by now.
    let end = this.#cursor;
    while (end < this.jobs.length && isOver(mailbox.state(end))) end++;
    this.hear();
    while (this.#cursor < end) {
      const slot = this.#cursor++;
      // A job that was taken back may be in another mailbox by now.
      if (mailbox.state(slot) !== SlotState.done) continue;
      this.#partOf(slot).finished++;
      const job = this.jobs[slot]!;
      job.began = true;
      this.#endConversation(job);
      settle(job, this.thread, this.berth);
    }
  }

  /** Passes on what the guests have said, of what waits behind it as well: its worker may be there already. */
  protected hear(): void {
    this.thread.drainUtterances((berth, slot, utterance) => {
      if (berth === undefined) this.said(undefined, utterance);
      else berth.said?.(slot, utterance);
    });
  }

  /** The job that the worker is in, or undefined. */
  get running(): Job | undefined {
    const { mailbox } = this.berth;
    // The worker takes them in order.
    let slot = this.#cursor;
    while (slot < this.jobs.length && isOver(mailbox.state(slot))) slot++;
    return slot < this.jobs.length && mailbox.state(slot) === SlotState.running ? this.jobs[slot] : undefined;
  }

  /** The job for which its guest speaks, by the slot that messages name. */
  jobAt(_slot: number): Job | undefined {
    return this.running;
  }

  /** Milliseconds that a job has run so far, or ran; undefined when it has not begun. */
  ranMs(job: Job): number | undefined {
    const { begun, ended } = this.berth.mailbox.times(job.slot);
    if (begun === 0) return undefined;
    return (ended === 0 ? performance.now() : ended) - begun;
  }

  /** How many of its requests have not begun. */
  get notBegun(): number {
    let count = 0;
    for (let slot = this.#cursor; slot < this.jobs.length; slot++) {
      if (this.berth.mailbox.state(slot) === SlotState.queued) count += this.jobs[slot]!.weight;
    }
    return count;
  }

  /** How many of them are of lanes that fit. */
  notBegunOf(fits: (lane: Lane) => boolean): number {
    const { parts } = this;
    if (parts.length === 1) return fits(parts[0]!.lane) ? this.notBegun : 0;
    let count = 0;
    for (let slot = this.#cursor; slot < this.jobs.length; slot++) {
      const job = this.jobs[slot]!;
      if (this.berth.mailbox.state(slot) === SlotState.queued && fits(job.lane)) count += job.weight;
    }
    return count;
  }

  /** Takes back a job that has not begun; false when it has. */
  recall(job: Job): boolean {
    if (!this.berth.mailbox.recall(job.slot)) return false;
    this.#endConversation(job);
    job.state = 'taken';
    job.batch = undefined;
    job.lane.sent--;
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

  /** Whether none of its jobs is with its worker any more. */
  get isTakenBack(): boolean {
    return this.jobs.every(({ batch }) => batch !== this);
  }

  /** Decides that the running job fails with this error; false when it was done before. */
  kill(job: Job, error: PluginError, _others?: (job: Job) => PluginError): boolean {
    const { mailbox } = this.berth;
    if (!mailbox.kill(job.slot)) return false;
    this.#endConversation(job);
    job.began = true;
    job.lane.gate?.killed(job, error);
    this.killed = job;
    job.reject(error);
    return true;
  }

  /** Counts what was killed: its thread is being ended, and can no longer. */
  countLost(): void {
    const { killed, berth } = this;
    if (killed?.kind === 'process') killed.lane.metrics.lostCall(berth.mailbox.times(killed.slot), performance.now());
  }

  /** The worker died and had begun nothing: what keeps dying before it begins is failed in the end. */
  lostBeforeAnyBegan(error: PluginError): void {
    const job = this.jobs[this.#cursor];
    if (job === undefined || ++job.losses < MAX_LOSSES || !this.recall(job)) return;
    job.reject(job.error(error.code, error.message, error));
  }

  /** The part that a slot belongs to. Slots come in order. */
  #partOf(slot: number): Part {
    const parts = this.#parts;
    if (this.#part >= parts.length || slot < parts[this.#part]!.from) this.#part = 0;
    while (this.#part + 1 < parts.length && slot >= parts[this.#part]!.end) this.#part++;
    return parts[this.#part]!;
  }

  /** What its guest has said comes before its end. */
  #endConversation({ call }: Job): void {
    if (call?.kind === 'conversation') this.thread.callers.close(call.conversation);
  }
}

function isOver(state: SlotState): boolean {
  return state !== SlotState.queued && state !== SlotState.running;
}
