import { nextTick } from '../clock/of-node.ts';
import type { PluginError } from '../errors.ts';
import type { Admission } from './admission.ts';
import { Batch } from './batch.ts';
import type { BlockJob } from './block-job.ts';
import type { FairQueue } from './fair-queue.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import type { Supervisor } from './supervisor.ts';

/** What the scheduler does when something was taken back. */
export interface WithdrawalsListener {
  /** These jobs had not begun and go back into the queue; in the order last first. */
  readonly requeue: (jobs: readonly Job[]) => void;
  /** A lane may hold nothing any more. */
  readonly onLeft: (lane: Lane) => void;
  /** There is room where there was none. */
  readonly onRoom: () => void;
}

/**
 * Takes requests back from wherever they are: the waiting room, the queue, a worker's mailbox. What was given up before it
 * began never begins, also when many are given up at once (invariant 15): so all are taken out of reach first, and told then.
 */
export class Withdrawals {
  readonly #queue: FairQueue;
  readonly #admission: Admission;
  readonly #supervisor: Supervisor;
  readonly #listener: WithdrawalsListener;
  /** Whether callers give up requests in this turn, so that more may follow. */
  #givingUp: 'no' | 'this turn' = 'no';

  constructor(queue: FairQueue, admission: Admission, supervisor: Supervisor, listener: WithdrawalsListener) {
    this.#queue = queue;
    this.#admission = admission;
    this.#supervisor = supervisor;
    this.#listener = listener;
  }

  /** The caller's own limit has passed. */
  readonly onExpired = (job: Job, error: PluginError): void => {
    if (this.#givingUp === 'no') {
      this.#givingUp = 'this turn';
      // The first of many, it may be. What workers could begin while one after the other is told is taken back first.
      for (const batch of this.#supervisor.batches()) this.#listener.requeue(batch.recallAll((other) => other.givenUp));
      nextTick(() => {
        this.#givingUp = 'no';
        this.#listener.onRoom();
      });
    }
    const { batch, state } = job;
    if (state === 'waiting') this.#admission.waiting.remove(job);
    else if (state === 'queued') this.#queue.remove(job);
    // Running: the watchdog ends its worker at its next look, unless it ends by itself until then.
    else if (batch !== undefined && !batch.recall(job)) {
      job.began = true;
      this.#supervisor.collectFrom(batch.thread);
    }
    job.reject(error);
    this.#listener.onLeft(job.lane);
  };

  /** Takes what has not begun of a block out of reach, and gives it back. */
  readonly ofBlock = (job: BlockJob): readonly Job[] => {
    const { batch, state } = job;
    if (state === 'waiting') this.#admission.waiting.remove(job);
    else if (state === 'queued') this.#queue.remove(job);
    else return batch instanceof Batch ? batch.recallAll() : [];
    return [job];
  };

  /** Has what has not begun pass the lane's gate again, which has closed meanwhile; at the end of this turn. */
  reroute(lane: Lane): void {
    if (lane.service === 'rerouting') return;
    lane.service = 'rerouting';
    // Not at once: this may be in the middle of a batch whose jobs go back into the queue next.
    nextTick(() => {
      lane.service = 'on';
      for (const batch of this.#supervisor.batches())
        if (batch.has(lane)) this.#listener.requeue(batch.recallAll((job) => job.lane === lane));
      const waiting = this.#admission.waiting.take(lane);
      const queued = this.#queue.take(lane);
      for (const job of waiting) if (job.state === 'taken') this.#admission.readmit(job, 'waiting');
      for (const job of queued) if (job.state === 'taken') this.#admission.readmit(job, 'queued');
      this.#listener.onLeft(lane);
      this.#listener.onRoom();
    });
  }

  /** Fails everything of some lanes, ending the workers that run it. */
  abandon(lanes: readonly Lane[], error: (job: Job) => PluginError): void {
    for (const lane of lanes) lane.flush?.();
    const concerned = new Set(lanes);
    const batches = [...this.#supervisor.batches()].filter(({ parts }) =>
      parts.some(({ lane }) => concerned.has(lane)),
    );
    const jobs = batches.flatMap((batch) => batch.recallAll(({ lane }) => concerned.has(lane)));
    for (const lane of lanes) jobs.push(...this.#admission.waiting.take(lane), ...this.#queue.take(lane));
    for (const job of jobs) job.reject(error(job));
    for (const batch of batches) {
      let { running } = batch;
      // What is done and not yet told of is told of now: after a close by force nobody looks again.
      if (running === undefined || !concerned.has(running.lane)) this.#supervisor.collect(batch);
      // One that was done in time leaves those that run beside it: until one ends them all, or there is none.
      while (running !== undefined && concerned.has(running.lane)) {
        this.#supervisor.kill(batch, running, error(running), error);
        running = batch.running;
      }
    }
    for (const lane of lanes) this.#listener.onLeft(lane);
  }
}
