import { mkdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';
import { ExponentialBackoff, halfJitterGenerator, type IBackoff } from 'cockatiel';
import { MAX_TIMER_MS } from '../../arguments/arguments.ts';
import type { CompileOptions } from '../../artifact/compile-component.ts';
import type { CompileUse } from '../../artifact/compiler.ts';
import { nextTick } from '../../clock/of-node.ts';
import type { PluginMetadata } from '../../contract/values.ts';
import { PluginError } from '../../errors.ts';
import type { LaneOpening, ProcessStatus } from '../../registry/executor.ts';
import { FairQueue } from '../../scheduler/fair-queue.ts';
import type { Job } from '../../scheduler/job.ts';
import type { Lane } from '../../scheduler/lane.ts';
import type { SchedulerListener } from '../../scheduler/scheduler-options.ts';
import { metadata } from '../wire/checked.ts';
import type { HostMessage, Threads } from '../wire/messages.ts';
import { AnswerLength } from './answer-length.ts';
import type { ChildEnd } from './child.ts';
import { gone, howEnded } from './child-end.ts';
import type { HostLane } from './host-lane.ts';
import type { Passage } from './passage.ts';
import { RemoteComponent } from './remote-component.ts';
import { covers, NO_RIGHTS, type Rights, union } from './rights.ts';
import { mapThreads, Session, type SessionListener } from './session.ts';
import { untilAborted } from './until-aborted.ts';

/**
 * How the process of a group ended.
 *
 * @example
 * const tell = ({ group, reason, lostRequests }: ProcessEnd) => console.error(group, reason, lostRequests);
 * engine.on('process:ended', tell);
 */
export interface ProcessEnd {
  /** What `isolation.group` gave. */
  readonly group: string;
  readonly pid: number | undefined;
  /** In words: the signal or the exit code, or why it was ended. One line. */
  readonly reason: string;
  /** Requests that may have begun there: they fail with `ERR_WORKER_CRASHED`. Those that had not go to the next one. */
  readonly lostRequests: number;
  /** Milliseconds until the next one is started; undefined when none is. */
  readonly restartAfterMs: number | undefined;
}

/** What a group tells. */
export interface GroupListener
  extends Pick<SessionListener, 'onProgress' | 'onSettled' | 'onUtterance' | 'onTermination'> {
  readonly onStuck: SchedulerListener['onStuck'];
  readonly onEnded: (end: ProcessEnd) => void;
  /** A plugin whose opening has ended one process after the other. */
  readonly onLost: (lane: Lane, error: PluginError) => void;
}

/** What the children of a group are started with. */
export interface GroupOptions {
  readonly name: string;
  readonly start: Extract<HostMessage, { kind: 'start' }>;
  readonly cacheDirectory: string | undefined;
  readonly maxMemoryBytes: number;
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** One that lived for so long starts the backoff anew. */
const STABLE_MS = 10_000;
/** Children in a row that may die of opening a lane. */
const MAX_DEATHS = 3;
/** Children that may die with a request that none of them had begun: it may be what they die of. */
const MAX_LOSSES = 10;
/** What is thought of answers before the first one has come, so that not all that wait are sent before it. */
const FIRST_ANSWER_BYTES = 4 * 1024 * 1024;
/** What a request takes of its plugin's share of the channel, in the milliseconds that the queue reckons in. */
const MS_PER_REQUEST = 0.001;
const MS_PER_BYTE = 1e-6;

/**
 * Plugins that share a process: the process, the one after it when that dies, and the requests that wait for either.
 * There is one process at a time; while another one takes over, the old one finishes what it has.
 */
export class Group {
  readonly queue: FairQueue = new FairQueue();
  readonly #options: GroupOptions;
  readonly #listener: GroupListener;
  readonly #lanes = new Map<Lane, HostLane>();
  #session: Session | undefined;
  #starting: Session | undefined;
  /** Those that finish what they have, and the one that is starting. */
  readonly #leaving = new Set<Session>();
  #coming: Promise<Session> | undefined;
  #rights: Rights = NO_RIGHTS;
  #backoff: IBackoff<unknown> | undefined;
  #restart: NodeJS.Timeout | undefined;
  /** Until when no child is started. */
  #notBefore = 0;
  #held = 0;
  #alive: NodeJS.Timeout | undefined;
  #flush: 'none' | 'scheduled' = 'none';
  #state: 'open' | 'closing' | 'closed' = 'open';
  readonly #ended = Promise.withResolvers<void>();
  #components = 0;
  /** Nobody can open lanes of these any more. */
  readonly #forgotten = new FinalizationRegistry<number>((component) => {
    if (!this.#session?.components.delete(component)) return;
    this.#session.tell({ kind: 'forget', component });
  });

  constructor(options: GroupOptions, listener: GroupListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** Requests that have not begun, as far as it is known. */
  get depth(): number {
    let depth = this.queue.size;
    for (const session of this.#sessions()) depth += session.notBegun;
    return depth;
  }

  /** The same of a lane. */
  depthOf(lane: Lane): number {
    return lane.size + this.#notBegun((other) => other === lane);
  }

  /** The same of all versions of its plugin. */
  depthOfPlugin({ tenant, plugin }: Lane): number {
    return tenant.queuedOf(plugin) + this.#notBegun((other) => other.plugin === plugin);
  }

  #notBegun(isOf: (lane: Lane) => boolean): number {
    let depth = 0;
    for (const session of this.#sessions())
      for (const { job, state } of session.passages) if (state === 'sent' && isOf(job.lane)) depth++;
    return depth;
  }

  get threads(): Threads {
    const all = [...this.#sessions()];
    return mapThreads((state) => all.reduce((sum, { threads }) => sum + threads[state], 0));
  }

  get processes(): ProcessStatus[] {
    return [...this.#sessions()].flatMap((session) => {
      const { pid } = session;
      if (pid === undefined) return [];
      const state = session === this.#session ? 'serving' : session === this.#starting ? 'starting' : 'leaving';
      return [{ group: this.#options.name, pid, state }];
    });
  }

  // -- lanes ------------------------------------------------------------------------------------------------------

  /** Compiles a component in the child, which is started if there is none, or replaced if it may not reach enough. */
  async load(bytes: Uint8Array, options: CompileOptions, rights: Rights, use: CompileUse): Promise<RemoteComponent> {
    const release = this.#hold();
    try {
      const session = await untilAborted(this.#readyWith(rights), use.signal);
      const id = ++this.#components;
      const { group } = use;
      const facts = await session.load({ id, bytes, options, group }, use.signal);
      const component = new RemoteComponent({ id, bytes, options, group }, facts, this.#openLane);
      this.#forgotten.register(component, id);
      return component;
    } finally {
      release();
    }
  }

  /** Makes lanes of components. Set by who numbers them. */
  openLane: (group: Group, component: RemoteComponent, opening: LaneOpening) => Lane = () => {
    throw new Error('No lane can be made yet');
  };

  readonly #openLane = (component: RemoteComponent, opening: LaneOpening): Lane => {
    const lane = this.openLane(this, component, opening);
    const hostLane: HostLane = {
      id: lane.id,
      lane,
      component,
      opening,
      state: 'new',
      deaths: 0,
      answers: new AnswerLength(FIRST_ANSWER_BYTES),
      failure: undefined,
    };
    this.#lanes.set(lane, hostLane);
    return lane;
  };

  /** Opens a lane in the child and makes one instance there. */
  async prepare(lane: Lane, rights: Rights): Promise<PluginMetadata | undefined> {
    const hostLane = this.#lanes.get(lane)!;
    const release = this.#hold();
    try {
      const session = await this.#readyWith(rights);
      await session.open(hostLane);
      const said = await session.ask((ask) => ({ kind: 'prepare', ask, lane: hostLane.id }), metadata);
      if (hostLane.state === 'new') hostLane.state = 'kept';
      this.#schedule();
      return said;
    } catch (error) {
      // Whatever became of it there: it was given up, or went with its process, because the engine closes.
      const failure = this.#state === 'open' ? error : closed();
      if (!(failure instanceof PluginError)) throw failure;
      throw failure.with({ plugin: lane.definition.plugin, version: lane.version });
    } finally {
      release();
    }
  }

  /** Closes a drained lane, wherever it is open. */
  async close(lane: Lane): Promise<void> {
    const hostLane = this.#lanes.get(lane);
    if (hostLane === undefined) return;
    hostLane.state = 'closed';
    this.#lanes.delete(lane);
    this.queue.removeLane(lane);
    const release = this.#hold();
    await Promise.all([...this.#sessions()].map((session) => session.closeLane(hostLane.id)));
    release();
  }

  /** Why no request to a lane can be run, if none can. */
  refusal(lane: Lane): PluginError | undefined {
    return this.#lanes.get(lane)?.failure;
  }

  // -- requests ---------------------------------------------------------------------------------------------------

  /** Queues a request; it goes to the child at the end of this turn of the event loop, with the others of the turn. */
  push(job: Job): void {
    this.#keepAlive();
    this.queue.push(job);
    this.#schedule();
  }

  /** One less to wait for. */
  settled(): void {
    this.#letGo();
  }

  /** Gives up a request that a child has; the child tells when that is done. */
  giveUp(job: Job, failure: PluginError): void {
    for (const session of this.#sessions()) session.giveUp(job, failure);
  }

  /** Ends what a lane has running in a child. */
  abandon(lane: Lane): void {
    for (const session of this.#sessions())
      if (session.lanes.has(lane.id)) session.tell({ kind: 'abandon', lane: lane.id });
  }

  /** The requests of a lane that are with a child. */
  *sentOf(lane: Lane): Generator<Passage, void, undefined> {
    for (const session of this.#sessions())
      for (const passage of session.passages) if (passage.job.lane === lane) yield passage;
  }

  #schedule(): void {
    if (this.#flush === 'scheduled' || this.queue.size === 0) return;
    this.#flush = 'scheduled';
    nextTick(() => {
      this.#flush = 'none';
      this.#send();
    });
  }

  #send(): void {
    const session = this.#session;
    if (session === undefined) {
      if (this.queue.size > 0 && this.#coming === undefined && this.#restart === undefined) this.#comeUp();
      return;
    }
    while (!session.isFull) {
      const lane = this.queue.next(({ id }) => session.lanes.has(id));
      if (lane === undefined) break;
      const job = this.queue.shift(lane)!;
      if (job.givenUp) {
        job.expire();
        continue;
      }
      session.send(job, this.#lanes.get(lane)!);
      this.queue.charge(lane, MS_PER_REQUEST + MS_PER_BYTE * job.input.length);
    }
  }

  // -- children ---------------------------------------------------------------------------------------------------

  *#sessions(): Generator<Session, void, undefined> {
    if (this.#session !== undefined) yield this.#session;
    yield* this.#leaving;
  }

  /** A child that may reach what is wanted. */
  async #readyWith(wanted: Rights): Promise<Session> {
    for (;;) {
      if (this.#state !== 'open') throw closed();
      if (this.#coming !== undefined) await this.#coming.catch(() => {});
      else if (this.#session !== undefined && covers(this.#rights, wanted)) return this.#session;
      else {
        this.#rights = union(this.#rights, wanted);
        await this.#comeUp();
      }
    }
  }

  /** Starts a child and has it take over, every lane opened; waits until it is time for that. */
  #comeUp(): Promise<Session> {
    clearTimeout(this.#restart);
    this.#restart = undefined;
    this.#coming ??= this.#start().finally(() => {
      this.#coming = undefined;
      this.#schedule();
    });
    this.#coming.catch(() => {});
    return this.#coming;
  }

  async #start(): Promise<Session> {
    const { start, cacheDirectory, maxMemoryBytes } = this.#options;
    await this.#untilItIsTime();
    if (this.#state !== 'open') throw closed();
    if (cacheDirectory !== undefined) mkdirSync(cacheDirectory, { recursive: true, mode: 0o700 });
    const ready = Promise.withResolvers<void>();
    const { maxThreads } = start.options;
    const session = new Session({ rights: this.#rights, cacheDirectory, maxMemoryBytes, maxThreads }, start, {
      ...this.#listener,
      onReady: () => ready.resolve(),
      onProgress: () => {
        this.#listener.onProgress();
        this.#schedule();
      },
      onSettled: (passage) => {
        this.#listener.onSettled(passage);
        if (this.#leaving.has(session) && session !== this.#starting && session.isIdle) session.end();
      },
      onStuck: (thread, lane, where) => {
        this.#listener.onStuck(thread, lane);
        this.#replace(where);
      },
      onEnd: (ended, end, passages) => {
        ready.reject(gone(end));
        this.#died(ended, end, passages);
      },
    });
    // Known at once, so that who closes finds it.
    this.#starting = session;
    this.#leaving.add(session);
    if (this.#held > 0) session.ref();
    else session.unref();
    await ready.promise;
    await this.#openAll(session);
    const previous = this.#session;
    this.#leaving.delete(session);
    this.#starting = undefined;
    this.#session = session;
    if (previous !== undefined) {
      this.#leaving.add(previous);
      if (previous.isIdle) previous.end();
    }
    return session;
  }

  /** A child with a thread that nothing can end gives way to another one, and is ended itself, which takes the thread along. */
  #replace(session: Session): void {
    if (session !== this.#session || this.#coming !== undefined || this.#state !== 'open') return;
    this.#delayNext(session);
    this.#comeUp();
  }

  /** One after the other: where the child dies of one, it is known of which. */
  async #openAll(session: Session): Promise<void> {
    const lanes = [...this.#lanes.values()].filter(({ state }) => state === 'kept').sort((a, b) => a.deaths - b.deaths);
    for (const hostLane of lanes) {
      if (hostLane.state !== 'kept') continue;
      try {
        await session.open(hostLane);
        await session.ask((ask) => ({ kind: 'prepare', ask, lane: hostLane.id }), metadata);
        hostLane.deaths = 0;
      } catch (error) {
        // That an instance does not come up, its requests find out; that there is no lane for them, or no process, not.
        if (session.isReady && session.lanes.has(hostLane.id)) continue;
        if (session.isReady || ++hostLane.deaths >= MAX_DEATHS) this.#lose(hostLane, error);
        if (!session.isReady) throw error;
      }
    }
  }

  /** A plugin that cannot be opened again: its requests fail, so that others go on. */
  #lose(hostLane: HostLane, cause: unknown): void {
    const { lane } = hostLane;
    hostLane.state = 'lost';
    hostLane.failure = new PluginError(
      'ERR_WORKER_CRASHED',
      'The plugin could not be started again after its process ended',
      {
        plugin: lane.definition.plugin,
        version: lane.version,
        hint: 'Reload it, or give it a process of its own with `isolation.group`.',
        cause,
      },
    );
    this.#listener.onLost(lane, hostLane.failure);
  }

  async #untilItIsTime(): Promise<void> {
    const wait = this.#notBefore - performance.now();
    if (wait <= 0) return;
    await new Promise<void>((resolve) => {
      this.#restart = setTimeout(resolve, wait);
      if (this.#held === 0) this.#restart.unref();
      this.#wake = resolve;
    });
    this.#wake = undefined;
    this.#restart = undefined;
  }

  #wake: (() => void) | undefined;

  #died(session: Session, end: ChildEnd, passages: readonly Passage[]): void {
    const isCurrent = session === this.#session;
    if (isCurrent) this.#session = undefined;
    this.#leaving.delete(session);
    const expected = end.by === 'close';
    const lost = passages.filter(({ job, state }) => state === 'begun' && job.state !== 'settled');
    const restarts = this.#state === 'open' && !expected;
    if (restarts) this.#delayNext(session);
    // Last first, as they go back to the front of the queue one by one.
    for (const passage of passages.toReversed()) if (passage.state === 'sent') this.#requeue(passage, end);
    for (const { job, failure } of lost) this.#crash(job, failure, end, lost.length);
    for (const passage of passages) this.#listener.onSettled(passage);
    if (!expected) {
      const restartAfterMs = restarts ? Math.max(0, Math.round(this.#notBefore - performance.now())) : undefined;
      const { name: group } = this.#options;
      const { pid } = session;
      this.#listener.onEnded({ group, pid, reason: howEnded(end), lostRequests: lost.length, restartAfterMs });
    }
    this.#listener.onProgress();
    // Not for nobody: a group whose plugins are all gone starts one with the next plugin.
    if (restarts && this.#coming === undefined && this.#session === undefined) {
      if (this.#lanes.size > 0 || this.queue.size > 0) this.#comeUp();
    }
    this.#checkEnded();
  }

  #delayNext(session: Session): void {
    const lived = performance.now() - session.startedAt;
    if (lived > STABLE_MS) this.#backoff = undefined;
    if (this.#backoff === undefined) {
      // The first one is replaced at once.
      this.#backoff = new ExponentialBackoff({
        initialDelay: FIRST_DELAY_MS,
        maxDelay: LONGEST_DELAY_MS,
        generator: halfJitterGenerator,
      }).next();
      this.#notBefore = 0;
      return;
    }
    this.#notBefore = performance.now() + this.#backoff.duration;
    this.#backoff = this.#backoff.next(undefined);
  }

  /** It had certainly not begun: the next child has it, in front (invariant 2). */
  #requeue({ job, failure }: Passage, end: ChildEnd): void {
    if (job.state === 'settled') return;
    job.began = false;
    const refusal = this.refusal(job.lane);
    if (failure !== undefined) job.reject(failure);
    else if (refusal !== undefined) job.reject(job.error(refusal.code, refusal.message, refusal));
    else if (this.#state !== 'open' || ++job.losses >= MAX_LOSSES || !this.#lanes.has(job.lane)) {
      const error = gone(end);
      job.reject(job.error(error.code, error.message, error));
    } else {
      this.queue.unshift(job);
    }
  }

  /** It may have begun. */
  #crash(job: Job, failure: PluginError | undefined, end: ChildEnd, lost: number): void {
    job.began = true;
    const { lane } = job;
    const message = `The process that ran the plugin ended while the request may have been running: ${howEnded(end)}`;
    const error = failure ?? job.error('ERR_WORKER_CRASHED', message, crashDetails(end, this.#options.maxMemoryBytes));
    lane.metrics.lostWorker('ERR_WORKER_CRASHED', 0);
    // Of several, none is known to be to blame.
    if (lost === 1) lane.gate?.killed(job, error);
    job.reject(error);
  }

  // -- the end ----------------------------------------------------------------------------------------------------

  /** Ends the children, in bounded time whatever they do. Nothing may be outstanding. */
  async end(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing';
    this.#wake?.();
    for (const session of this.#sessions()) session.end();
    this.#checkEnded();
    await this.#ended.promise;
  }

  #checkEnded(): void {
    if (this.#state !== 'closing' || this.#session !== undefined || this.#leaving.size > 0) return;
    this.#state = 'closed';
    this.#ended.resolve();
  }

  // -- what keeps the process alive -------------------------------------------------------------------------------

  #hold(): () => void {
    this.#keepAlive();
    return () => this.#letGo();
  }

  #keepAlive(): void {
    if (this.#held++ > 0) return;
    // Between a child that is gone, which nobody has heard of yet, and the next one there is no channel to hold on to.
    this.#alive ??= setInterval(() => {}, MAX_TIMER_MS);
    for (const session of this.#sessions()) session.ref();
    this.#restart?.ref();
  }

  #letGo(): void {
    if (--this.#held > 0) return;
    clearInterval(this.#alive);
    this.#alive = undefined;
    if (this.#state === 'open') for (const session of this.#sessions()) session.unref();
    this.#restart?.unref();
  }
}

function crashDetails({ by }: ChildEnd, value: number): ConstructorParameters<typeof PluginError>[2] {
  const hint = 'Another process runs the plugin by now. Ask again only if the plugin may do the same thing twice.';
  return by === 'memory' ? { hint, limit: { name: 'isolation.maxMemoryBytes', value } } : { hint };
}

function closed(): PluginError {
  return new PluginError('ERR_ENGINE_CLOSED', 'The engine is closed');
}
