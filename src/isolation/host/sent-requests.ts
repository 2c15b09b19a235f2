import type { Job } from '../../scheduler/job.ts';
import type { Lane } from '../../scheduler/lane.ts';
import { BATCH_BEGINS } from '../wire/messages.ts';
import { Ahead } from './ahead.ts';
import type { Passage } from './passage.ts';

/** Requests that have failed and that a thread may still be said to have ended for. */
const FAILED_KEPT = 256;

/** The requests that a child has, by what they are called between the two processes. */
export class SentRequests {
  readonly #passages = new Map<number, Passage>();
  readonly #failed = new Map<number, Job>();
  readonly #ahead = new Ahead();
  #last = 0;
  #notBegun = 0;

  get size(): number {
    return this.#passages.size;
  }

  /** Requests that have not begun. */
  get notBegun(): number {
    return this.#notBegun;
  }

  /** Whether the child holds less for a lane than it should: what comes after that waits in this process. */
  takes(lane: Lane): boolean {
    return this.#ahead.takes(lane);
  }

  get passages(): Iterable<Passage> {
    return this.#passages.values();
  }

  /** Gives a request its number. */
  add(job: Job, bytes: number): number {
    const request = this.#number();
    job.state = 'sent';
    job.lane.sent++;
    job.slot = request;
    this.#passages.set(request, { job, bytes, state: 'sent', failure: undefined });
    this.#ahead.add(job.lane, bytes);
    this.#notBegun += job.weight;
    return request;
  }

  /** Numbers are used again after a billion requests, unless one of them is still out. */
  #number(): number {
    do this.#last = (this.#last % (BATCH_BEGINS - 1)) + 1;
    while (this.#passages.has(this.#last));
    return this.#last;
  }

  get(request: number): Passage | undefined {
    return this.#passages.get(request);
  }

  of(job: Job): Passage | undefined {
    const passage = this.#passages.get(job.slot);
    return passage?.job === job ? passage : undefined;
  }

  begun(request: number): void {
    const passage = this.#passages.get(request);
    if (passage?.state !== 'sent') return;
    passage.state = 'begun';
    this.#notBegun -= passage.job.weight;
  }

  takenBack(request: number): void {
    const passage = this.#passages.get(request);
    if (passage?.state !== 'begun') return;
    passage.state = 'sent';
    this.#notBegun += passage.job.weight;
  }

  /** A request is no longer with the child. */
  take(request: number): Passage | undefined {
    const passage = this.#passages.get(request);
    if (passage === undefined) return undefined;
    this.#passages.delete(request);
    this.#ahead.remove(passage.job.lane, passage.bytes);
    if (passage.state === 'sent') this.#notBegun -= passage.job.weight;
    passage.job.lane.sent--;
    return passage;
  }

  /** None is any more. */
  takeAll(): readonly Passage[] {
    return [...this.#passages.keys()].map((request) => this.take(request)!);
  }

  /** Why a thread was ended is told after the request that it was ended for. */
  remember(request: number, job: Job): void {
    this.#failed.set(request, job);
    if (this.#failed.size <= FAILED_KEPT) return;
    const [oldest] = this.#failed.keys();
    this.#failed.delete(oldest!);
  }

  /** A request that has failed, as long as it is remembered. */
  failed(request: number): Job | undefined {
    return this.#failed.get(request);
  }

  nameOf(request: number): string | undefined {
    return (this.#passages.get(request)?.job ?? this.#failed.get(request))?.requestId;
  }
}
