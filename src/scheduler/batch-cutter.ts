import { BATCH_SLOTS, REQUEST_BYTES } from '../pool/mailbox-layout.ts';
import { BlockJob } from './block-job.ts';
import type { FairQueue } from './fair-queue.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';

/** Milliseconds of work that one batch is made to take: long against the cost of dispatch, short against a deadline. */
const SLICE_MS = 1;
/** The work of an order that waits behind another one. */
export const HALF_SLICE_MS: number = SLICE_MS / 2;
/** Requests in the first batches of a plugin, whose service time is not known yet. */
const FIRST_BATCH = 8;
/** Work that is spread over the free threads; less than this is not worth a second dispatch. */
const SPREAD_MS = 0.25;

/** Milliseconds of a block's work that a thread takes at a time; handing over so many records costs more. */
const BLOCK_SLICE_MS = 8;
/** Records of a block at first, while nobody knows how long one takes. */
const FIRST_STRETCH = 32;

/** What is still free of a batch that is being put together. */
export interface Room {
  slots: number;
  /** Bytes of the mailbox: what it has no room for goes by message, which costs as much as ten small requests. */
  bytes: number;
  /** Milliseconds of work, as far as is known of those who ask for it. */
  milliseconds: number;
  /** The same for a block, which travels alone. */
  readonly blockMs: number;
}

/** Room for a whole batch. */
export function wholeBatch(): Room {
  return { slots: BATCH_SLOTS, bytes: REQUEST_BYTES, milliseconds: SLICE_MS, blockMs: BLOCK_SLICE_MS };
}

/** Room for one of two that a worker has at once: what comes next waits no longer for both than for a whole one. */
export function halfBatch(): Room {
  return { slots: BATCH_SLOTS, bytes: REQUEST_BYTES, milliseconds: HALF_SLICE_MS, blockMs: BLOCK_SLICE_MS / 2 };
}

/** Cuts what one thread takes next out of the queue of a lane. */
export class BatchCutter {
  readonly #queue: FairQueue;
  /** They were in the way of what was cut, and have not heard. */
  readonly #givenUp: Job[] = [];

  constructor(queue: FairQueue) {
    this.#queue = queue;
  }

  /**
   * The next jobs of a lane, but those that are given up, for which {@link tell} is; takes what they need off the room.
   *
   * @param sharers How many groups want some of it.
   */
  cut(lane: Lane, freeThreads: number, room: Room, sharers = 1): Job[] {
    const jobs: Job[] = [];
    const size = batchSize(lane, freeThreads, room, sharers);
    while (jobs.length < size) {
      // A block travels alone.
      if (jobs.length > 0 && travelsAlone(lane)) break;
      // What is larger than a mailbox does not wait for an empty one only to find no room there either.
      if (room.bytes < REQUEST_BYTES && (lane.first?.packedBytes ?? 0) > room.bytes) break;
      const job = this.#queue.shift(lane);
      if (job === undefined) break;
      if (job.givenUp) this.#givenUp.push(job);
      else {
        jobs.push(job);
        room.bytes -= job.packedBytes;
      }
      if (job.kind === 'block' || (lane.concurrency > 1 && job.call?.kind === 'conversation')) break;
    }
    if (jobs[0] instanceof BlockJob) this.#shorten(jobs[0], freeThreads, room.blockMs);
    room.slots -= jobs.length;
    room.milliseconds -= jobs.length * (lane.serviceMs ?? SLICE_MS / FIRST_BATCH);
    return jobs;
  }

  /** Has those hear that were found to be given up; only once what was cut is sent, as who hears may give up that, too. */
  tell(): void {
    for (const job of this.#givenUp.splice(0)) if (job.state === 'taken') job.expire();
  }

  /** Leaves a block's job what one thread takes of it; the rest goes back into the queue. */
  #shorten(job: BlockJob, freeThreads: number, milliseconds: number): void {
    const { lane, count } = job;
    const { serviceMs } = lane;
    const slice = serviceMs === undefined ? FIRST_STRETCH : Math.max(Math.floor(milliseconds / serviceMs), 1);
    // Where the lane has no more than this, all free threads get a part of it.
    const all = lane.size + count;
    const isLong = all * (serviceMs ?? SLICE_MS) > SPREAD_MS;
    const spread = isLong ? Math.ceil(all / freeThreads) : count;
    const size = Math.min(slice, spread);
    if (size < count) this.#queue.unshift(job.split(size));
  }
}

/** Whether what a lane has next goes with nothing else of it. */
function travelsAlone({ first, concurrency }: Lane): boolean {
  if (first?.kind === 'block') return true;
  return concurrency > 1 && (first?.kind === 'prepare' || (first as Job).call?.kind === 'conversation');
}

function batchSize(lane: Lane, freeThreads: number, { slots, milliseconds }: Room, sharers: number): number {
  if (lane.first?.kind === 'prepare') return 1;
  if (lane.concurrency > 1) return Math.min(lane.concurrency, lane.size);
  const { serviceMs } = lane;
  const slice = Math.max(Math.floor(milliseconds / sharers / (serviceMs ?? SLICE_MS / FIRST_BATCH)), 1);
  const spread = lane.size * (serviceMs ?? SLICE_MS) > SPREAD_MS ? Math.ceil(lane.size / freeThreads) : lane.size;
  return Math.min(slice, spread, Math.max(Math.floor(slots / sharers), 1));
}
