import type { CompileOptions } from '../../artifact/compile-component.ts';
import type { CompileUse } from '../../artifact/compiler.ts';
import { nextTick } from '../../clock/of-node.ts';
import type { PluginMetadata } from '../../contract/values.ts';
import { PluginError } from '../../errors.ts';
import type { LaneOpening, ProcessStatus } from '../../registry/executor.ts';
import { FairQueue } from '../../scheduler/fair-queue.ts';
import type { Job } from '../../scheduler/job.ts';
import type { Lane } from '../../scheduler/lane.ts';
import { metadata } from '../wire/checked.ts';
import type { Threads } from '../wire/messages.ts';
import { settleAftermath } from './aftermath.ts';
import { AnswerLength } from './answer-length.ts';
import type { ChildEnd } from './child.ts';
import { howEnded } from './child-end.ts';
import { HostLanes } from './host-lanes.ts';
import { KeepAlive } from './keep-alive.ts';
import type { Passage } from './passage.ts';
import type { ProcessEnd } from './process-end.ts';
import { RemoteComponent } from './remote-component.ts';
import type { Rights } from './rights.ts';
import type { Session } from './session.ts';
import { engineClosed, type GroupOptions, Succession, type SuccessionListener } from './succession.ts';
import { mapThreads } from './thread-counts.ts';
import { untilAborted } from './until-aborted.ts';

/** What a group tells. */
export interface GroupListener
  extends Pick<SuccessionListener, 'onProgress' | 'onSettled' | 'onUtterance' | 'onTermination' | 'onStuck'> {
  readonly onEnded: (end: ProcessEnd) => void;
  /** A plugin whose opening has ended one process after the other. */
  readonly onLost: (lane: Lane, error: PluginError) => void;
}

/** What is thought of answers before the first one has come, so that not all that wait are sent before it. */
const FIRST_ANSWER_BYTES = 4 * 1024 * 1024;
/** What a request takes of its plugin's share of the channel, in the milliseconds that the queue reckons in. */
const MS_PER_REQUEST = 0.001;
const MS_PER_BYTE = 1e-6;

/** Plugins that share a process: the process, the one after it when that dies, and the requests that wait for either. */
export class Group {
  readonly queue: FairQueue = new FairQueue();
  readonly #options: GroupOptions;
  readonly #listener: GroupListener;
  readonly #lanes: HostLanes;
  readonly #alive: KeepAlive;
  readonly #children: Succession;
  #flush: 'none' | 'scheduled' = 'none';
  #components = 0;
  /** Nobody can open lanes of these any more. */
  readonly #forgotten = new FinalizationRegistry<number>((component) => {
    const { serving } = this.#children;
    if (!serving?.components.delete(component)) return;
    serving.tell({ kind: 'forget', component });
  });

  constructor(options: GroupOptions, listener: GroupListener) {
    this.#options = options;
    this.#listener = listener;
    this.#lanes = new HostLanes(listener.onLost);
    this.#alive = new KeepAlive((state) => (state === 'held' ? this.#children.ref() : this.#children.unref()));
    this.#children = new Succession(options, this.#lanes, this.#alive, {
      ...listener,
      onProgress: () => {
        listener.onProgress();
        this.#schedule();
      },
      onTurn: () => this.#schedule(),
      onEnded: (session, end, passages, restartAfterMs) => this.#ended(session, end, passages, restartAfterMs),
      isWanted: () => this.#lanes.size > 0 || this.queue.size > 0,
    });
  }

  /** Requests that have not begun, as far as it is known. */
  get depth(): number {
    let depth = this.queue.size;
    for (const session of this.#children.sessions()) depth += session.notBegun;
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
    for (const session of this.#children.sessions())
      for (const { job, state } of session.passages) if (state === 'sent' && isOf(job.lane)) depth += job.weight;
    return depth;
  }

  get threads(): Threads {
    const all = [...this.#children.sessions()];
    return mapThreads((state) => all.reduce((sum, { threads }) => sum + threads[state], 0));
  }

  get processes(): ProcessStatus[] {
    return this.#children.processes;
  }

  // -- lanes ------------------------------------------------------------------------------------------------------

  /** Compiles a component in the child, which is started if there is none, or replaced if it may not reach enough. */
  async load(bytes: Uint8Array, options: CompileOptions, rights: Rights, use: CompileUse): Promise<RemoteComponent> {
    this.#alive.hold();
    try {
      const session = await untilAborted(this.#children.readyWith(rights), use.signal);
      const id = ++this.#components;
      const { group } = use;
      const facts = await session.load({ id, bytes, options, group }, use.signal);
      const component = new RemoteComponent({ id, bytes, options, group }, facts, this.#openLane);
      this.#forgotten.register(component, id);
      return component;
    } finally {
      this.#alive.letGo();
    }
  }

  /** Makes lanes of components. Set by who numbers them. */
  openLane: (group: Group, component: RemoteComponent, opening: LaneOpening) => Lane = () => {
    throw new Error('No lane can be made yet');
  };

  readonly #openLane = (component: RemoteComponent, opening: LaneOpening): Lane => {
    const lane = this.openLane(this, component, opening);
    const answers = new AnswerLength(FIRST_ANSWER_BYTES);
    this.#lanes.add({ id: lane.id, lane, component, opening, state: 'new', deaths: 0, answers, failure: undefined });
    return lane;
  };

  /** Opens a lane in the child and makes one instance there. */
  async prepare(lane: Lane, rights: Rights): Promise<PluginMetadata | undefined> {
    const hostLane = this.#lanes.get(lane)!;
    this.#alive.hold();
    try {
      const session = await this.#children.readyWith(rights);
      await session.open(hostLane);
      const said = await session.ask((ask) => ({ kind: 'prepare', ask, lane: hostLane.id }), metadata);
      if (hostLane.state === 'new') hostLane.state = 'kept';
      this.#schedule();
      return said;
    } catch (error) {
      // Whatever became of it there: it was given up, or went with its process, because the engine closes.
      const failure = this.#children.isOpen ? error : engineClosed();
      if (!(failure instanceof PluginError)) throw failure;
      throw failure.with({ plugin: lane.definition.plugin, version: lane.version });
    } finally {
      this.#alive.letGo();
    }
  }

  /** Closes a drained lane, wherever it is open. */
  async close(lane: Lane): Promise<void> {
    const hostLane = this.#lanes.close(lane);
    if (hostLane === undefined) return;
    this.queue.removeLane(lane);
    this.#alive.hold();
    await Promise.all([...this.#children.sessions()].map((session) => session.closeLane(hostLane.id)));
    this.#alive.letGo();
  }

  /** Why no request to a lane can be run, if none can. */
  refusal(lane: Lane): PluginError | undefined {
    return this.#lanes.refusal(lane);
  }

  // -- requests ---------------------------------------------------------------------------------------------------

  /** Queues a request; it goes to the child at the end of this turn of the event loop, with the others of the turn. */
  push(job: Job): void {
    this.#alive.hold();
    this.queue.push(job);
    this.#schedule();
  }

  /** One less to wait for. */
  settled(): void {
    this.#alive.letGo();
  }

  /** Gives up a request that a child has; the child tells when that is done. */
  giveUp(job: Job, failure: PluginError): void {
    for (const session of this.#children.sessions()) session.giveUp(job, failure);
  }

  /** Ends what a lane has running in a child. */
  abandon(lane: Lane): void {
    for (const session of this.#children.sessions())
      if (session.lanes.has(lane.id)) session.tell({ kind: 'abandon', lane: lane.id });
  }

  /** The requests of a lane that are with a child. */
  *sentOf(lane: Lane): Generator<Passage, void, undefined> {
    for (const session of this.#children.sessions())
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
    const { serving } = this.#children;
    if (serving === undefined) {
      if (this.queue.size > 0 && !this.#children.isComing) this.#children.comeUp();
      return;
    }
    while (!serving.isFull) {
      const lane = this.queue.next((one) => serving.takes(one));
      if (lane === undefined) break;
      const job = this.queue.shift(lane)!;
      if (job.givenUp) {
        job.expire();
        continue;
      }
      serving.send(job, this.#lanes.get(lane)!);
      this.queue.charge(lane, MS_PER_REQUEST + MS_PER_BYTE * job.input.length);
    }
  }

  // -- the end ----------------------------------------------------------------------------------------------------

  #ended({ pid }: Session, end: ChildEnd, passages: readonly Passage[], restartAfterMs: number | undefined): void {
    const { name: group, maxMemoryBytes } = this.#options;
    const continues = this.#children.isOpen;
    const remains = { queue: this.queue, lanes: this.#lanes, continues, maxMemoryBytes };
    const lostRequests = settleAftermath(end, passages, remains);
    for (const passage of passages) this.#listener.onSettled(passage);
    if (end.by !== 'close') {
      this.#listener.onEnded({ group, pid, reason: howEnded(end), lostRequests, restartAfterMs });
    }
    this.#listener.onProgress();
  }

  /** Ends the children, in bounded time whatever they do. Nothing may be outstanding. */
  end(): Promise<void> {
    return this.#children.end();
  }
}
