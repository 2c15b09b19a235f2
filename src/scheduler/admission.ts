import type { PluginError } from '../errors.ts';
import type { Batch } from './batch.ts';
import type { FairQueue } from './fair-queue.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';

/** Records of one block at the most. */
const LONGEST_BLOCK = 8192;
/** What admission goes by, of the scheduler's options. */
interface AdmissionLimits {
  readonly queueLimit: number;
  readonly pluginQueueLimit: number;
}

/** Says whether there is room for a request: how many have not begun, against the limits (invariant 6). */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #queue: FairQueue;
  readonly #batches: () => Iterable<Batch>;
  /** Jobs that were taken in and are not settled. */
  outstanding = 0;

  /** @param batches Those that are in workers now. */
  constructor(limits: AdmissionLimits, queue: FairQueue, batches: () => Iterable<Batch>) {
    this.#limits = limits;
    this.#queue = queue;
    this.#batches = batches;
  }

  /** How many requests have not begun: in the queue or in a mailbox. */
  get depth(): number {
    let depth = this.#queue.size;
    for (const batch of this.#batches()) depth += batch.notBegun;
    return depth;
  }

  /** How many requests of a lane have not begun. */
  depthOf(lane: Lane): number {
    let depth = lane.size;
    for (const batch of this.#batches()) depth += batch.notBegunOf((other) => other === lane);
    return depth;
  }

  /** The most requests that one block may be: more would find no room in the queue. */
  get longestBlock(): number {
    const { queueLimit, pluginQueueLimit } = this.#limits;
    return Math.max(Math.min(queueLimit, pluginQueueLimit, LONGEST_BLOCK), 1);
  }

  /** Whether a job may be queued now. */
  hasRoom({ lane, weight }: Job): boolean {
    const { queueLimit, pluginQueueLimit } = this.#limits;
    // Counting what has not begun means looking into mailboxes; while all that is outstanding fits, there is no need.
    if (this.outstanding + weight <= Math.min(queueLimit, pluginQueueLimit)) return true;
    if (this.depth + weight > queueLimit) return false;
    return pluginQueueLimit >= queueLimit || this.#depthOfPlugin(lane) + weight <= pluginQueueLimit;
  }

  #depthOfPlugin({ tenant, plugin }: Lane): number {
    let depth = tenant.queuedOf(plugin);
    for (const batch of this.#batches()) depth += batch.notBegunOf((other) => other.plugin === plugin);
    return depth;
  }

  /** The error of a job for which there is no room. */
  queueFull(job: Job): PluginError {
    const name = this.depth + job.weight > this.#limits.queueLimit ? 'queueLimit' : 'pluginQueueLimit';
    const limit = { name, value: this.#limits[name] };
    const message = `The queue holds ${limit.value} requests${name === 'pluginQueueLimit' ? ' of the plugin' : ''}, its limit`;
    return job.error('ERR_QUEUE_FULL', message, {
      limit,
      hint: `Try again later, pass \`whenFull: 'wait'\`, or raise \`${name}\`.`,
    });
  }
}
