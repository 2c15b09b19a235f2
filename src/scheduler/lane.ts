import type { PluginDefinition } from '../artifact/definition.ts';
import type { Holding } from '../component/holding.ts';
import type { HostFunctions } from '../host/imports/main-thread.ts';
import { VersionMetrics } from '../observe/version-metrics.ts';
import { lossesOfThreads, type PluginThread } from '../pool/plugin-thread.ts';
import type { ThreadClass } from '../pool/thread-class.ts';
import type { Gate } from './gate.ts';
import type { Inline } from './inline.ts';
import { type Linked, LinkedList } from './linked-list.ts';
import type { Pin } from './pin.ts';
import type { LaneRecorder } from './recorder.ts';
import type { Tenant } from './tenant.ts';

/** How much of the newest measurement goes into the estimate of a request's service time. */
const SMOOTHING = 0.3;

/** What a lane queues: jobs. */
export interface Queued extends Linked<Queued> {
  readonly kind: 'process' | 'prepare' | 'block';
  readonly priority: number;
  /** How many requests it is to the limits of the queue. */
  readonly weight: number;
  /** Bytes that it takes of a mailbox, as far as its text is ASCII. */
  readonly packedBytes: number;
  /** When it was asked for, on the clock of `performance.now()`. */
  readonly askedAt: number;
}

/** The queue of one version of one plugin: by priority, then in order of arrival. */
export class Lane {
  readonly id: number;
  /** What the version is called: known for certain once its first instance has been asked. */
  version: string;
  readonly definition: PluginDefinition;
  readonly threadClass: ThreadClass;
  readonly tenant: Tenant<Lane>;
  readonly metrics: VersionMetrics;
  /** Up to what one instance can grow. */
  readonly holds: Holding;
  /** What its requests pass first, if its plugin has a failure policy. */
  gate: Gate<Lane> | undefined;
  /** Where its requests run on the thread that asks for them, if its plugin is placed there. */
  inline: Inline | undefined;
  /** Where its one instance is, if it is a session's. */
  pin: Pin | undefined;
  /** Keeps its requests with what they had of their host, if they are recorded. */
  recorder: LaneRecorder | undefined;
  /** What its instances may call on this thread. */
  hostFunctions: HostFunctions = new Map();
  /** Highest priority first. */
  readonly #queues: { readonly priority: number; readonly jobs: LinkedList<Queued> }[] = [];
  #size = 0;
  #serviceMs: number | undefined;
  /** Jobs that are in a mailbox and not settled. */
  sent = 0;
  /** `rerouting` while its gate, which has just closed, is about to look at what it has queued. */
  service: 'on' | 'rerouting' = 'on';
  /** How its last batch ended: with a worker that died, it is not trusted with the last free thread. */
  lastBatch: 'done' | 'lost' = 'done';
  /** Requests that wait for room in the queue, or for others to go with. */
  waiting = 0;
  /** Has those that wait for others go without them, where there are such: there is nobody to wait for, or no time. */
  flush: (() => void) | undefined;
  /** Threads that were sent its definition; those that hold it no more are struck off when somebody looks. */
  readonly #homes = new Set<PluginThread>();
  /** What {@link lossesOfThreads} was when somebody looked last. */
  #lookedAt = 0;
  /** The only one of them, on whose account stands what is queued. */
  #home: PluginThread | undefined;

  constructor(
    id: number,
    definition: PluginDefinition,
    threadClass: ThreadClass,
    tenant: Tenant<Lane>,
    metrics: VersionMetrics = new VersionMetrics(),
  ) {
    this.id = id;
    this.definition = definition;
    this.version = definition.version;
    this.threadClass = threadClass;
    this.tenant = tenant;
    this.metrics = metrics;
    this.holds = { bytes: definition.maxBytes, memories: definition.memories };
  }

  /** Requests that one instance serves at a time: one, unless its functions are async. */
  get concurrency(): number {
    const { binding, policy, contract } = this.definition;
    if (binding.kind !== 'direct' || binding.plan.lineages === undefined || contract.world === 'plugin-batch') return 1;
    return policy.concurrency;
  }

  /** Requests that it holds. */
  get size(): number {
    return this.#size;
  }

  /** How many jobs of this version wait, are queued or run. */
  get pending(): number {
    return this.#size + this.sent + this.waiting;
  }

  get idle(): boolean {
    return this.pending === 0;
  }

  get plugin(): string {
    return this.definition.plugin;
  }

  /** Milliseconds that a request takes in the worker, as estimated from the batches so far. */
  get serviceMs(): number | undefined {
    return this.#serviceMs;
  }

  /** Threads that hold it, or will when they get to it. */
  get homes(): ReadonlySet<PluginThread> {
    if (this.#lookedAt === lossesOfThreads()) return this.#homes;
    this.#lookedAt = lossesOfThreads();
    for (const thread of this.#homes) {
      if (thread.state === 'ended' || !thread.definitions.has(this.id)) this.#homes.delete(thread);
    }
    this.#awaits();
    return this.#homes;
  }

  /** A thread is sent its definition. */
  settles(thread: PluginThread): void {
    this.#homes.add(thread);
    this.pin?.place(thread);
    this.#awaits();
  }

  /** It is closed: threads that held it are not to be kept by whoever still knows it. */
  moveOut(): void {
    this.#homes.clear();
    this.#awaits();
  }

  #awaits(): void {
    const [only] = this.#homes;
    const home = this.#homes.size === 1 ? only : undefined;
    if (home === this.#home) return;
    if (this.#home !== undefined) this.#home.awaited -= this.#size;
    if (home !== undefined) home.awaited += this.#size;
    this.#home = home;
  }

  #grow(requests: number): void {
    this.#size += requests;
    if (this.#home !== undefined) this.#home.awaited += requests;
  }

  /** Learns from a batch. */
  measured(milliseconds: number, jobs: number): void {
    const sample = milliseconds / jobs;
    this.#serviceMs = this.#serviceMs === undefined ? sample : this.#serviceMs + SMOOTHING * (sample - this.#serviceMs);
  }

  /** The job that is served next. */
  get first(): Queued | undefined {
    return this.#queues[0]?.jobs.first;
  }

  push(job: Queued): void {
    this.#list(job.priority).push(job);
    this.#grow(job.weight);
  }

  /** Puts back a job that was sent and not begun, in front of its priority. */
  unshift(job: Queued): void {
    this.#list(job.priority).unshift(job);
    this.#grow(job.weight);
  }

  remove(job: Queued): void {
    this.#list(job.priority).remove(job);
    this.#removed(job);
  }

  shift(): Queued | undefined {
    const job = this.#queues[0]?.jobs.shift();
    if (job !== undefined) this.#removed(job);
    return job;
  }

  #removed({ priority, weight }: Queued): void {
    this.#grow(-weight);
    // An empty list goes, or a caller who makes up priorities would fill the memory; but most lanes know one priority only.
    if (this.#queues.length === 1) return;
    const index = this.#queues.findIndex((queue) => queue.priority === priority);
    if (this.#queues[index]?.jobs.size === 0) this.#queues.splice(index, 1);
  }

  #list(priority: number): LinkedList<Queued> {
    if (this.#size === 0 && this.#queues[0]?.priority !== priority) this.#queues.length = 0;
    let at = 0;
    for (const queue of this.#queues) {
      if (queue.priority === priority) return queue.jobs;
      if (queue.priority < priority) break;
      at++;
    }
    const jobs = new LinkedList<Queued>();
    this.#queues.splice(at, 0, { priority, jobs });
    return jobs;
  }
}
