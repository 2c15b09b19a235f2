import { performance } from 'node:perf_hooks';
import type { PluginError } from '../errors.ts';
import type { Block } from './block.ts';
import { Job, type JobListener } from './job.ts';
import type { Lane } from './lane.ts';

/** What a block's jobs tell their listener is told piece by piece; their end is of no interest to it. */
const NOBODY: JobListener = { resolve() {}, reject() {} };

/** A stretch of a block's records on its way through the scheduler, which may cut it into more of them. */
export class BlockJob extends Job {
  readonly block: Block;
  /** The first of its records, counted in the block; where it begins, and on which line. */
  from: number;
  at: number;
  line: number;
  count: number;
  /** Set by whoever queues it: takes what has not begun of it out of reach, and gives it back. */
  takeBack: ((job: BlockJob) => readonly Job[]) | undefined;
  #watched: Parameters<Job['watch']> | undefined;
  #expiresAt = Number.POSITIVE_INFINITY;

  constructor(lane: Lane, block: Block, priority: number, stretch: Pick<BlockJob, 'from' | 'at' | 'line' | 'count'>) {
    super('block', lane, '', [], 0, priority, NOBODY);
    this.block = block;
    this.from = stretch.from;
    this.at = stretch.at;
    this.line = stretch.line;
    this.count = stretch.count;
    block.jobs.add(this);
  }

  override get weight(): number {
    return this.count;
  }

  /** Its share of the block. */
  override get bytes(): number {
    const { bytes, count } = this.block.source;
    return Math.round((bytes.length * this.count) / count);
  }

  override watch(...watched: Parameters<Job['watch']>): void {
    const [deadlineMs] = watched;
    this.#watched = watched;
    if (deadlineMs !== undefined) this.#expiresAt = performance.now() + deadlineMs;
    super.watch(...watched);
  }

  /** Leaves this job so many of its records; the others become another job, which its holder has to queue. */
  split(records: number): BlockJob {
    const rest = new BlockJob(this.lane, this.block, this.priority, {
      ...this.#place(records),
      count: this.count - records,
    });
    this.count = records;
    rest.askedAt = this.askedAt;
    rest.onSettled = this.onSettled;
    rest.takeBack = this.takeBack;
    rest.booked = Math.min(rest.count, this.booked);
    this.booked -= rest.booked;
    rest.bookedBytes = Math.round((this.bookedBytes * rest.count) / (rest.count + this.count));
    this.bookedBytes -= rest.bookedBytes;
    rest.state = 'taken';
    if (this.#watched === undefined) return rest;
    const [deadlineMs, signal, onExpired] = this.#watched;
    const left = deadlineMs === undefined ? undefined : Math.max(Math.ceil(this.#expiresAt - performance.now()), 1);
    rest.watch(left, signal, onExpired);
    return rest;
  }

  /** So many of its records are over. */
  advance(records: number): void {
    const place = this.#place(records);
    this.from = place.from;
    this.at = place.at;
    this.line = place.line;
    this.count -= records;
  }

  #place(records: number): Pick<BlockJob, 'from' | 'at' | 'line'> {
    return { from: this.from + records, ...this.block.source.skip(this.at, this.line, records) };
  }

  /** Everything that it had is over. */
  override resolve(): void {
    this.block.jobs.delete(this);
    super.resolve(undefined);
  }

  /** What has not begun is not to run: it is not for this plugin, or its caller takes it back. */
  leave(why: 'foreign' | 'withdrawn'): void {
    const { from, count } = this;
    this.resolve();
    this.block.listener[why](from, count);
  }

  get isSent(): boolean {
    return this.state === 'sent';
  }

  withdraw(): void {
    for (const job of this.takeBack?.(this) ?? []) (job as BlockJob).leave('withdrawn');
  }

  /** What it still has fails. */
  override reject(error: PluginError): void {
    if (this.state === 'settled') return;
    const { from, count } = this;
    this.block.jobs.delete(this);
    super.reject(error);
    error.began = this.began;
    if (!this.began || count === 1) this.fail(from, count, error);
    else {
      this.fail(from, 1, error);
      this.fail(from + 1, count - 1, error.with({ began: false }));
    }
  }

  /** Some of its records failed in the engine. */
  fail(from: number, count: number, error: PluginError): void {
    this.lane.metrics.errors.count(error.code, count);
    this.block.listener.failed(from, count, error);
  }
}
