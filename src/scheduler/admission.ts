import { nextTick } from '../clock/of-node.ts';
import type { PluginError } from '../errors.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import { bytesOfAnswer, bytesOfValue, OutstandingBytes } from './outstanding-bytes.ts';
import { WaitingRoom } from './waiting-room.ts';

/** Records of one block at the most. */
const LONGEST_BLOCK = 8192;

/** What admission goes by, of the scheduler's options. */
interface AdmissionLimits {
  readonly queueLimit: number;
  readonly pluginQueueLimit: number;
  readonly maxOutstandingBytes: number;
  readonly whenFull: 'reject' | 'wait';
}

/** The queue that jobs are let into, with what of it is on its way and has not begun. */
interface AdmittedQueue {
  depth(): number;
  depthOfPlugin(lane: Lane): number;
  /** Takes a job that there is room for; it may refuse it all the same. */
  accept(job: Job): void;
  /** Takes what a lane has in the queue out of it. */
  take(lane: Lane): readonly Job[];
  /** A job that was taken in is settled, or waits again. */
  onUnbooked?(lane: Lane): void;
  /** A lane may be empty now. */
  onLeft(lane: Lane): void;
}

/**
 * Lets requests in while there is room: of those that have not begun, against the limits (invariant 6), and of bytes
 * that callers have the engine hold. Who finds none is refused or waits, as it chose.
 */
export class Admission {
  readonly waiting: WaitingRoom = new WaitingRoom();
  readonly bytes: OutstandingBytes;
  readonly #limits: AdmissionLimits;
  readonly #queue: AdmittedQueue;
  /** Requests that were taken in and are not settled. */
  #outstanding = 0;
  /** Lanes of which an answer found no room in this turn, and how large that was. */
  readonly #shedding = new Map<Lane, number>();

  constructor(limits: AdmissionLimits, queue: AdmittedQueue) {
    this.#limits = limits;
    this.#queue = queue;
    this.bytes = new OutstandingBytes(limits.maxOutstandingBytes, () => this.admitWaiting());
  }

  /** The most requests that one block may be: more would find no room in the queue. */
  get longestBlock(): number {
    const { queueLimit, pluginQueueLimit } = this.#limits;
    return Math.max(Math.min(queueLimit, pluginQueueLimit, LONGEST_BLOCK), 1);
  }

  /** Queues a job, has it wait, or refuses it. */
  enter(job: Job, whenFull: 'reject' | 'wait' = this.#limits.whenFull): void {
    job.whenFull = whenFull;
    // Asked once: workers begin requests meanwhile, and a queue that was full may not be so any more.
    const limit = this.#fullQueue(job);
    if (limit === undefined && this.bytes.fits(job.bytes)) this.#queue.accept(job);
    else if (whenFull === 'wait' && job.bytes <= this.bytes.most) this.#wait(job);
    else job.reject(this.#full(job, limit));
  }

  /** Lets in who waits, as far as there is room. */
  admitWaiting(): void {
    while (this.waiting.size > 0) {
      const job = this.waiting.shift((candidate) => this.#hasRoomNow(candidate));
      if (job === undefined) break;
      this.#queue.accept(job);
    }
  }

  /** Counts a job until it is settled. */
  book(job: Job): void {
    job.booked = job.weight;
    job.bookedBytes = job.bytes;
    this.#outstanding += job.booked;
    this.bytes.book(job.bookedBytes);
    job.onSettled = this.#onSettled;
    if (job.kind === 'process') job.keep = this.#keep;
  }

  /**
   * Lets a job in again that has changed its lane, and was taken out of where it waited. Where there is no room with the
   * plugin that takes it instead it waits: it was taken in once, so it is not refused.
   */
  readmit(job: Job, before: 'waiting' | 'queued'): void {
    const refusal = job.lane.gate?.admit(job);
    if (refusal !== undefined) {
      job.reject(refusal);
      return;
    }
    if (before === 'queued') this.#unbook(job);
    if (before === 'queued' && this.#hasRoom(job)) this.#queue.accept(job);
    else this.#wait(job);
  }

  #wait(job: Job): void {
    this.waiting.push(job);
    this.#hasRoomNow(job);
  }

  /** The same of a job that waits: where it is answers that there is no room for, nobody else may look for any. */
  #hasRoomNow(job: Job): boolean {
    if (!this.bytes.fits(job.bytes)) this.bytes.look();
    return this.#hasRoom(job);
  }

  #hasRoom(job: Job): boolean {
    return this.bytes.fits(job.bytes) && this.#fullQueue(job) === undefined;
  }

  /** The limit of the queue that a job is over, if there is one. */
  #fullQueue({ lane, weight }: Job): 'queueLimit' | 'pluginQueueLimit' | undefined {
    const { queueLimit, pluginQueueLimit } = this.#limits;
    // Counting what has not begun means looking into mailboxes; while all that is outstanding fits, there is no need.
    if (this.#outstanding + weight <= Math.min(queueLimit, pluginQueueLimit)) return undefined;
    if (this.#queue.depth() + weight > queueLimit) return 'queueLimit';
    const fits = pluginQueueLimit >= queueLimit || this.#queue.depthOfPlugin(lane) + weight <= pluginQueueLimit;
    return fits ? undefined : 'pluginQueueLimit';
  }

  /** The error of a job for which there is no room: in the queue, by which of its limits, or else in bytes. */
  #full(job: Job, name: 'queueLimit' | 'pluginQueueLimit' | undefined): PluginError {
    if (name === undefined) {
      this.bytes.look();
      return job.error(...this.bytes.refusal('The request', job.bytes));
    }
    const limit = { name, value: this.#limits[name] };
    const message = `The queue holds ${limit.value} requests${name === 'pluginQueueLimit' ? ' of the plugin' : ''}, its limit`;
    return job.error('ERR_QUEUE_FULL', message, {
      limit,
      hint: `Try again later, pass \`whenFull: 'wait'\`, or raise \`${name}\`.`,
    });
  }

  /** One for all jobs, as closures are what the collector of garbage would have most of. */
  readonly #onSettled = (job: Job): void => {
    this.#unbook(job);
    this.#queue.onLeft(job.lane);
  };

  #unbook(job: Job): void {
    job.onSettled = undefined;
    job.keep = undefined;
    this.#outstanding -= job.booked;
    this.bytes.release(job.bookedBytes);
    this.#queue.onUnbooked?.(job.lane);
  }

  /** Why an answer cannot be handed over, if it cannot; from now on it is on its caller's account. */
  readonly #keep = (job: Job, answer: Parameters<NonNullable<Job['keep']>>[1]): PluginError | undefined => {
    const { value } = job;
    // What it asked with makes room for what it gets.
    this.bytes.release(job.bookedBytes);
    job.bookedBytes = 0;
    const bytes = job.call === undefined ? bytesOfAnswer(answer) : bytesOfValue(value);
    // What is no object is its caller's at once: nothing tells when it is let go of.
    const kept = job.call === undefined ? answer : typeof value === 'object' && value !== null ? value : {};
    if (this.bytes.deliver(kept, bytes)) return undefined;
    this.#shed(job.lane, bytes);
    return job.error(...this.bytes.refusal('The answer', bytes));
  };

  /** What waits for answers of a kind that there is no room for does not begin. */
  #shed(lane: Lane, bytes: number): void {
    if (this.#shedding.has(lane)) return;
    this.#shedding.set(lane, bytes);
    // Not at once: this may be in the middle of a batch whose jobs go back into the queue next.
    nextTick(() => {
      this.#shedding.delete(lane);
      for (const job of this.#queue.take(lane)) if (job.state === 'taken') this.#putBack(job, bytes);
      this.#queue.onLeft(lane);
    });
  }

  #putBack(job: Job, bytes: number): void {
    this.#unbook(job);
    if (job.kind !== 'process') this.#queue.accept(job);
    else if (job.whenFull === 'wait') this.#wait(job);
    else job.reject(job.error(...this.bytes.refusal('An answer of the plugin', bytes)));
  }
}
