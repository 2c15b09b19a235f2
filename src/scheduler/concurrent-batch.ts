import { performance } from 'node:perf_hooks';
import type { PluginError } from '../errors.ts';
import { SLOTS, SlotState } from '../pool/mailbox-layout.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import type { LargeRequest } from '../pool/protocol.ts';
import { Batch, MAX_LOSSES } from './batch.ts';
import { messageOf } from './call-message.ts';
import type { Job } from './job.ts';
import { settle } from './settlement.ts';

/**
 * Requests that go on beside each other in one instance, as many at a time as its policy says. It stays open while any of them
 * runs: others take the slots of those that are done.
 */
export class ConcurrentBatch extends Batch {
  /** By slot; those of slots that are free are over. */
  declare readonly jobs: Job[];
  /** Slots that the worker has, or whose results have not been taken out. */
  readonly #occupied = new Set<number>();

  constructor(thread: PluginThread, jobs: readonly Job[]) {
    super(thread, [...jobs]);
    this.isAlone = true;
  }

  protected override get order(): 'concurrent' {
    return 'concurrent';
  }

  override send(): void {
    for (let slot = 0; slot < this.jobs.length; slot++) this.#occupied.add(slot);
    this.berth.mailbox.open();
    super.send();
  }

  /** How many more requests it has room for. */
  get room(): number {
    return Math.min(this.lane.concurrency, SLOTS) - this.#occupied.size;
  }

  /** Adds requests. @returns Those for which it is too late, in the order in which they go back into the queue. */
  add(jobs: readonly Job[]): readonly Job[] {
    const { thread } = this;
    const { mailbox } = this.berth;
    if ([...this.#occupied].every((slot) => mailbox.wasTaken(slot))) mailbox.reset();
    const large = new Map<number, LargeRequest>();
    const added: number[] = [];
    for (const job of jobs) {
      const slot = this.#freeSlot();
      this.#occupied.add(slot);
      this.jobs[slot] = job;
      this.place(job, slot);
      const { call } = job;
      if (call === undefined && mailbox.putRequest(slot, job.input, job.options)) continue;
      large.set(
        slot,
        call === undefined ? { kind: 'process', input: job.input, options: job.options } : messageOf(call),
      );
      added.push(slot);
    }
    // The worker looks for it when it finds the slot.
    const message = large.size > 0 ? thread.addLarge(large) : 0;
    for (const slot of added) mailbox.queue(slot, message);
    if (!this.#tell()) return this.recallAll(({ slot }) => this.#occupied.has(slot));
    return [];
  }

  override drain(): void {
    const { mailbox } = this.berth;
    const over = [...this.#occupied].filter((slot) => !isWithWorker(mailbox.state(slot)));
    this.hear();
    for (const slot of over) {
      const job = this.jobs[slot]!;
      const isDone = mailbox.state(slot) === SlotState.done;
      if (isDone) {
        this.parts[0]!.finished++;
        job.began = true;
        settle(job, this.thread, this.berth);
        mailbox.release(slot);
      }
      this.#occupied.delete(slot);
    }
  }

  override get running(): Job | undefined {
    const current = this.jobs[this.berth.mailbox.current];
    if (current !== undefined && this.#runs(current)) return current;
    return this.jobs.find((job) => this.#runs(job));
  }

  override jobAt(slot: number): Job | undefined {
    return slot < 0 ? undefined : this.jobs[slot % SLOTS];
  }

  override get notBegun(): number {
    let count = 0;
    for (const slot of this.#occupied) if (this.berth.mailbox.state(slot) === SlotState.queued) count++;
    return count;
  }

  /** Tells the worker of those that were given up, so that it asks them to end; the caller does not wait for that. */
  giveUp(): void {
    const { mailbox } = this.berth;
    let any = false;
    for (const slot of this.#occupied) if (this.jobs[slot]!.state === 'settled' && mailbox.kill(slot)) any = true;
    if (any) this.#tell();
  }

  /** One that has gone on for so long, given up or not. */
  olderThan(milliseconds: number): Job | undefined {
    const now = performance.now();
    for (const slot of this.#occupied) {
      const state = this.berth.mailbox.state(slot);
      if (state !== SlotState.running && state !== SlotState.killed) continue;
      const { begun } = this.berth.mailbox.times(slot);
      if (begun !== 0 && now - begun >= milliseconds) return this.jobs[slot];
    }
    return undefined;
  }

  override recall(job: Job): boolean {
    const { slot } = job;
    if (!super.recall(job)) return false;
    this.#occupied.delete(slot);
    return true;
  }

  /** The instance goes with it, and with that all that had begun in it. */
  override kill(
    job: Job,
    error: PluginError,
    others: (job: Job) => PluginError = (other) => lostTo(error, other),
  ): boolean {
    const { mailbox } = this.berth;
    if (mailbox.state(job.slot) !== SlotState.killed && !super.kill(job, error)) return false;
    this.killed = job;
    for (const slot of this.#occupied) {
      const other = this.jobs[slot]!;
      if (other === job || !mailbox.kill(slot)) continue;
      other.began = true;
      other.reject(others(other));
    }
    return true;
  }

  override lostBeforeAnyBegan(error: PluginError): void {
    const job = this.jobs.find(({ slot, batch }) => batch === this && this.#occupied.has(slot));
    if (job === undefined || ++job.losses < MAX_LOSSES || !this.recall(job)) return;
    job.reject(job.error(error.code, error.message, error));
  }

  #runs(job: Job): boolean {
    return job.batch === this && this.berth.mailbox.state(job.slot) === SlotState.running;
  }

  #freeSlot(): number {
    for (let slot = 0; slot < this.jobs.length; slot++) if (!this.#occupied.has(slot)) return slot;
    return this.jobs.length;
  }

  /** @returns Whether the worker still looks. */
  #tell(): boolean {
    const looks = this.berth.mailbox.changed(this.jobs.length);
    this.thread.callers.ring();
    return looks;
  }
}

/** What others in the instance fail with, where one of them ended it. */
function lostTo(error: PluginError, other: Job): PluginError {
  const message = `Another request ended the instance that it ran in: ${error.message}`;
  return other.error('ERR_WORKER_CRASHED', message, { hint: HINT });
}

const HINT = 'Requests share an instance as `concurrency` of the policy says, and end with it.';

function isWithWorker(state: SlotState): boolean {
  return state === SlotState.queued || state === SlotState.running || state === SlotState.killed;
}
