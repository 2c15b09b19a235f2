import { nextTick } from '../../clock/of-node.ts';
import type { PluginMetadata, RequestOptions } from '../../contract/values.ts';
import type { PluginError } from '../../errors.ts';
import { Book } from '../../observe/book.ts';
import { TurnClock } from '../../observe/clock.ts';
import { observe } from '../../observe/observation.ts';
import type { VersionSnapshot } from '../../observe/snapshot.ts';
import { VersionMetrics } from '../../observe/version-metrics.ts';
import { threadClassOf } from '../../pool/thread-class.ts';
import type { LaneOpening, Scheduling } from '../../registry/executor.ts';
import type { PreparedCall } from '../../request/function-call.ts';
import type { ProcessOptions } from '../../request/process-options.ts';
import { Admission } from '../../scheduler/admission.ts';
import { assertCouldFit } from '../../scheduler/assert-could-fit.ts';
import { Drains } from '../../scheduler/drains.ts';
import { Job, type JobListener } from '../../scheduler/job.ts';
import { Lane } from '../../scheduler/lane.ts';
import type { OutstandingBytes } from '../../scheduler/outstanding-bytes.ts';
import type { SchedulerOptions } from '../../scheduler/scheduler-options.ts';
import type { Threads } from '../wire/messages.ts';
import type { Group } from './group.ts';
import type { RemoteComponent } from './remote-component.ts';
import { NO_RIGHTS, withOpening } from './rights.ts';
import { mapThreads } from './thread-counts.ts';

/**
 * Takes requests in, as the scheduler of one process does, and settles each of them once: the bounded queue is here, over
 * all groups, and so are deadlines, signals and circuits. Which thread runs what is each child's own business.
 */
export class Dispatcher implements Scheduling {
  readonly #book = new Book<Lane>();
  readonly #options: SchedulerOptions;
  readonly #admission: Admission;
  readonly #clock = new TurnClock();
  readonly #groups = new Map<Lane, Group>();
  readonly #drains = new Drains();
  #lanes = 0;
  #requests = 0;
  #refusal: ((job: Job) => PluginError) | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#admission = new Admission(options, {
      depth: () => this.depth,
      depthOfPlugin: (lane) => this.#groupOf(lane).depthOfPlugin(lane),
      accept: (job) => this.#accept(job),
      take: (lane) => this.#groups.get(lane)?.queue.take(lane) ?? [],
      onUnbooked: (lane) => this.#groups.get(lane)?.settled(),
      onLeft: (lane) => this.checkDrained(lane),
    });
  }

  get #allGroups(): Set<Group> {
    return new Set(this.#groups.values());
  }

  get depth(): number {
    let depth = 0;
    for (const group of this.#allGroups) depth += group.depth;
    return depth;
  }

  get outstanding(): OutstandingBytes {
    return this.#admission.bytes;
  }

  versions(): VersionSnapshot[] {
    return this.#book.snapshot((lane) => this.#depthOf(lane));
  }

  #depthOf(lane: Lane): number {
    return this.#groups.get(lane)?.depthOf(lane) ?? 0;
  }

  get threads(): Threads {
    const all = [...this.#allGroups];
    return mapThreads((state) => all.reduce((sum, { threads }) => sum + threads[state], 0));
  }

  /** Makes the lane of a component in a group. */
  open(group: Group, component: RemoteComponent, opening: LaneOpening): Lane {
    const definition = component.definition(opening);
    assertCouldFit(definition, this.#options.maxTotalMemoryBytes);
    const metrics = new VersionMetrics(this.#options.metrics);
    const tenant = group.queue.tenant(opening.group);
    const lane = new Lane(++this.#lanes, definition, threadClassOf(opening.policy), tenant, metrics);
    tenant.lanes.add(lane);
    this.#groups.set(lane, group);
    this.#book.open(lane);
    return lane;
  }

  prepare(lane: Lane): Promise<PluginMetadata | undefined> {
    return this.#groups.get(lane)!.prepare(lane, withOpening(NO_RIGHTS, lane.definition));
  }

  nextRequestId(): string {
    return `r-${++this.#requests}`;
  }

  call(lane: Lane, func: PreparedCall, call: ProcessOptions, onOutcome?: Job['onOutcome']): Promise<unknown> {
    // Not an async function: its turns of the microtask queue would tear batches apart.
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const job = this.#job(lane, '', [], call, { resolve: () => resolve(job.takeValue()), reject });
    job.onOutcome = onOutcome;
    job.call = func;
    this.#admit(job, call);
    return promise;
  }

  submit(
    lane: Lane,
    input: string,
    options: RequestOptions,
    call: ProcessOptions,
    onOutcome: Job['onOutcome'],
    listener: JobListener,
    func?: PreparedCall,
  ): Job {
    const job = this.#job(lane, input, options, call, listener);
    job.onOutcome = onOutcome;
    job.call = func;
    this.#admit(job, call);
    return job;
  }

  #job(lane: Lane, input: string, options: RequestOptions, call: ProcessOptions, listener: JobListener): Job {
    const id = call.requestId ?? ++this.#requests;
    const job = new Job('process', lane, input, options, id, call.priority ?? 0, listener);
    job.askedAt = this.#clock.now;
    return job;
  }

  #admit(job: Job, call: ProcessOptions): void {
    job.observation = observe(job);
    const { signal } = call;
    this.#admission.admitWaiting();
    const refusal = signal?.aborted
      ? job.error('ERR_ABORTED', 'The request was aborted before it began', { cause: signal.reason })
      : job.call?.kind === 'conversation'
        ? noStreams(job)
        : job.lane.gate?.admit(job);
    if (refusal !== undefined) job.reject(refusal);
    else this.#admission.enter(job, call.whenFull);
    if (job.state !== 'settled') job.watch(call.deadlineMs, signal, this.#onExpired);
  }

  /** None: many requests go one by one, and travel together all the same. */
  readonly longestBlock: number = 0;

  get longestCall(): number {
    return this.#admission.longestBlock;
  }

  submitBlock(): never {
    throw new Error('Blocks do not go to other processes');
  }

  drain(lane: Lane): Promise<void> {
    return this.#drains.drain(lane);
  }

  reroute(lane: Lane): void {
    if (lane.service === 'rerouting') return;
    lane.service = 'rerouting';
    nextTick(() => {
      lane.service = 'on';
      const waiting = this.#admission.waiting.take(lane);
      const queued = this.#groupOf(lane).queue.take(lane);
      for (const job of waiting) if (job.state === 'taken') this.#admission.readmit(job, 'waiting');
      for (const job of queued) if (job.state === 'taken') this.#admission.readmit(job, 'queued');
      this.checkDrained(lane);
      this.#admission.admitWaiting();
    });
  }

  abandon(lane: Lane, error: (job: Job) => PluginError): void {
    lane.flush?.();
    const group = this.#groups.get(lane);
    const jobs = [...this.#admission.waiting.take(lane), ...(group?.queue.take(lane) ?? [])];
    for (const job of jobs) job.reject(error(job));
    if (group === undefined) return;
    for (const { job, state } of [...group.sentOf(lane)]) {
      job.began = state === 'begun';
      job.reject(error(job));
    }
    group.abandon(lane);
    this.checkDrained(lane);
  }

  abandonAll(error: (job: Job) => PluginError): void {
    this.#refusal = error;
    for (const lane of [...this.#groups.keys()]) this.abandon(lane, error);
  }

  async close(lane: Lane): Promise<void> {
    const group = this.#groups.get(lane);
    await group?.close(lane);
    this.#groups.delete(lane);
    this.#book.close(lane);
  }

  /** A group could not open a lane any more: what waits for it fails. */
  lost(lane: Lane, error: PluginError): void {
    this.abandon(lane, (job) => job.error(error.code, error.message, error));
  }

  /** A request left its child: answered, failed or taken back. */
  returned(job: Job): void {
    this.checkDrained(job.lane);
  }

  /** Something has ended or begun: there may be room in the queue. */
  progress(): void {
    this.#admission.admitWaiting();
  }

  // -- into the queue -------------------------------------------------------------------------------------------

  #accept(job: Job): void {
    const group = this.#groups.get(job.lane);
    const refusal = this.#refusal?.(job) ?? group?.refusal(job.lane);
    if (refusal !== undefined || group === undefined) {
      job.reject(refusal === undefined ? closedLane(job) : job.error(refusal.code, refusal.message, refusal));
      return;
    }
    this.#admission.book(job);
    group.push(job);
  }

  /** Whatever waited with a lane may have left. */
  checkDrained(lane: Lane): void {
    this.#drains.check(lane);
  }

  readonly #onExpired = (job: Job, error: PluginError): void => {
    const { state, lane } = job;
    if (state === 'waiting') this.#admission.waiting.remove(job);
    else if (state === 'queued') this.#groupOf(lane).queue.remove(job);
    else if (state === 'sent') {
      // Only the child knows whether it has begun, or is even done.
      this.#groupOf(lane).giveUp(job, error);
      return;
    }
    job.reject(error);
    this.checkDrained(lane);
    this.#admission.admitWaiting();
  };

  #groupOf(lane: Lane): Group {
    return this.#groups.get(lane)!;
  }
}

/** Streams end at the process: what a guest waits for there is its own. */
function noStreams(job: Job): PluginError {
  return job.error('ERR_INVALID_ARGUMENT', 'Commands and handlers of HTTP run in the process of the engine only', {
    hint: "Give the plugin to an engine without `isolation: 'process'`.",
  });
}

function closedLane(job: Job): PluginError {
  return job.error('ERR_PLUGIN_NOT_FOUND', 'The version was unloaded');
}
