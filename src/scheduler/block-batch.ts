import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import { codesOf } from '../block/side.ts';
import type { PluginError } from '../errors.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import type { Parcel } from '../pool/protocol.ts';
import { Batch, MAX_LOSSES } from './batch.ts';
import type { BlockJob } from './block-job.ts';
import type { Job } from './job.ts';

/** A stretch of a block in a worker. What holds for the jobs of a batch holds for each of its records. */
export class BlockBatch extends Batch {
  readonly #job: BlockJob;
  /** Where in the block the order begins. The numbers below count from there. */
  readonly #from: number;
  /** The first record that is not this worker's to run. */
  #end: number;
  /** Records of which the listener was told, and those that were taken off the job. */
  #told = 0;
  #advanced = 0;
  #outputEnd = 0;
  #sideEnd = 0;
  #succeeded = 0;
  #refused = 0;
  #failed = 0;

  constructor(thread: PluginThread, job: BlockJob) {
    super(thread, [job]);
    this.#job = job;
    this.#from = job.from;
    this.#end = job.count;
  }

  override send(): void {
    const { thread, berth } = this;
    const job = this.#job;
    const { source } = job.block;
    const { recipe, isUtf8 } = source;
    job.state = 'sent';
    job.batch = this;
    job.slot = 0;
    berth.mailbox.address(0, job.lane.id, job.askedAt);
    const isRest = job.from + job.count === source.count;
    const end = isRest ? source.bytes.length : source.skip(job.at, job.line, job.count).at;
    berth.block.begin({
      bytes: source.bytes.subarray(job.at, end),
      count: job.count,
      recipe: recipe.id,
      firstIndex: source.firstIndex + job.from,
      firstLine: job.line,
      isUtf8,
    });
    job.lane.sent++;
    const define = this.introduce();
    const parcel: Parcel = {
      ...(define !== undefined && { define }),
      ...(berth.recipe !== recipe.id && { recipe }),
    };
    berth.recipe = recipe.id;
    const order = { kind: 'block', count: 1 } as const;
    if (Object.keys(parcel).length === 0) thread.send(order);
    else thread.send(order, parcel);
  }

  override drain(): void {
    const { thread, berth } = this;
    const { block } = berth;
    const progress = block.progress();
    this.hear();
    if (progress === undefined || progress.done <= this.#told || isSettled(this.#job)) return;
    const { done, outputEnd, sideEnd, succeeded, refused, failed } = progress;
    let output = block.output.subarray(this.#outputEnd, outputEnd);
    let side = block.side.subarray(this.#sideEnd, sideEnd);
    if (block.hasTail(done)) {
      const tail = thread.posted(berth, 0);
      if (tail?.kind === 'tail') {
        output = Buffer.concat([output, tail.output]);
        side = Buffer.concat([side, tail.side]);
      }
    }
    const { metrics } = this.lane;
    const piece = {
      from: this.#from + this.#told,
      count: done - this.#told,
      output,
      side,
      succeeded: succeeded - this.#succeeded,
      refused: refused - this.#refused,
      failed: failed - this.#failed,
    };
    metrics.answered += piece.succeeded + piece.refused;
    metrics.refused += piece.refused;
    for (const [code, times] of codesOf(side)) metrics.errors.count(code, times);
    this.parts[0]!.finished += piece.count;
    this.#told = done;
    this.#outputEnd = outputEnd;
    this.#sideEnd = sideEnd;
    this.#succeeded = succeeded;
    this.#refused = refused;
    this.#failed = failed;
    this.#job.began = true;
    this.#job.block.listener.done(piece);
    this.#settleIfOver();
  }

  override get running(): Job | undefined {
    return this.berth.block.running === undefined ? undefined : this.#job;
  }

  override get notBegun(): number {
    // What was given up as a whole never begins, also before the worker is ended that runs one of its records.
    if (isSettled(this.#job)) return 0;
    const { running, done } = this.berth.block;
    return Math.max(this.#end - Math.max(done, this.#told) - (running === undefined ? 0 : 1), 0);
  }

  /** Takes the whole of it back; false when one of its records runs, after which nothing begins. */
  override recall(job: Job): boolean {
    const rest = this.#recallRest();
    if (isSettled(job)) return true;
    this.#advance();
    // What of it has not begun stays with the job, which is about to fail as a whole.
    if (rest > this.#told) return false;
    this.#detach();
    return true;
  }

  override recallAll(fits: (job: Job) => boolean = () => true): Job[] {
    const job = this.#job;
    if (!isSettled(job) && !fits(job)) return [];
    const { mailbox, block } = this.berth;
    const leftAlone = mailbox.orderDone && block.stop === 'foreign';
    const rest = this.#recallRest();
    if (isSettled(job) || rest >= this.#end) return [];
    // One is still running: what comes after it goes on as another job.
    if (rest > this.#told) {
      this.#end = rest;
      return [job.split(rest - this.#advanced)];
    }
    this.#advance();
    this.#detach();
    if (!leftAlone) return [job];
    job.leave('foreign');
    return [];
  }

  override kill(job: Job, error: PluginError): boolean {
    if (!this.berth.block.kill()) return false;
    this.drain();
    if (isSettled(job)) return true;
    this.killed = job;
    this.#lose(error, true);
    return true;
  }

  override countLost(): void {
    const { killed, berth } = this;
    if (killed !== undefined) killed.lane.metrics.lostCall(berth.mailbox.times(0), performance.now());
  }

  override lostBeforeAnyBegan(error: PluginError): void {
    const job = this.#job;
    this.#recallRest();
    if (isSettled(job) || ++job.losses < MAX_LOSSES) return;
    job.losses = 0;
    this.#lose(job.error(error.code, error.message, error), false);
  }

  /** Nothing begins after this; returns the first record that has not, and what is done is told of. */
  #recallRest(): number {
    const rest = this.berth.block.recallRest();
    this.drain();
    return Math.max(rest, this.#told);
  }

  /** The next record fails, and is told of. */
  #lose(error: PluginError, began: boolean): void {
    error.began = began;
    this.#told++;
    this.#job.fail(this.#from + this.#told - 1, 1, error);
    this.#settleIfOver();
  }

  #settleIfOver(): void {
    if (this.#told >= this.#end && !isSettled(this.#job)) this.#job.resolve();
  }

  /** Takes what is over off the job. */
  #advance(): void {
    this.#job.advance(this.#told - this.#advanced);
    this.#advanced = this.#told;
  }

  /** The job is not with this worker any more. */
  #detach(): void {
    this.#end = this.#told;
    this.#job.began = false;
    this.#job.state = 'taken';
    this.#job.batch = undefined;
    this.lane.sent--;
  }
}

/** Asked anew each time: telling of a result may settle it. */
function isSettled({ state }: Job): boolean {
  return state === 'settled';
}
