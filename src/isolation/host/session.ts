import { performance } from 'node:perf_hooks';
import { serialize } from 'node:v8';
import type { PluginError } from '../../errors.ts';
import { clockOffset } from '../../observe/clock.ts';
import type { Job } from '../../scheduler/job.ts';
import type { Lane } from '../../scheduler/lane.ts';
import type { StuckThread } from '../../scheduler/supervisor-listener.ts';
import { Channel } from '../wire/channel.ts';
import { fields, nothing, parseJson } from '../wire/checked.ts';
import { componentFacts } from '../wire/checked-component.ts';
import { type ComponentFacts, FRAME, type HostMessage, NO_THREADS, type Threads } from '../wire/messages.ts';
import { packRequest } from '../wire/requests.ts';
import { maxFrameBytes, type Result, unpackResults } from '../wire/results.ts';
import { ProtocolError, Unpacker } from '../wire/unpacker.ts';
import { Asks } from './asks.ts';
import { Child, type ChildEnd, type ChildOptions } from './child.ts';
import { gone } from './child-end.ts';
import { ChildReports, type ReportListener } from './child-reports.ts';
import { ChildTallies } from './child-tallies.ts';
import { deliver } from './delivery.ts';
import type { HostLane } from './host-lane.ts';
import { readNotices } from './notices.ts';
import type { Passage } from './passage.ts';
import type { ComponentOrder } from './remote-component.ts';
import { SentRequests } from './sent-requests.ts';
import { Silence } from './silence.ts';

/** What a session tells the group that it is of. */
export interface SessionListener extends Pick<ReportListener, 'onUtterance' | 'onTermination'> {
  readonly onReady: (session: Session) => void;
  /** Requests were settled, or begun: there may be room for more. */
  readonly onProgress: () => void;
  readonly onSettled: (passage: Passage) => void;
  /** A thread of the child's does not end. */
  readonly onStuck: (thread: StuckThread, lane: Lane, session: Session) => void;
  /** The child is gone, with the requests that it had. */
  readonly onEnd: (session: Session, end: ChildEnd, requests: readonly Passage[]) => void;
}

let sessions = 0;

/** The life of one child, as its host sees it: what it has to do, and what came of that. */
export class Session {
  readonly id: number = ++sessions;
  readonly startedAt: number = performance.now();
  /** Lanes that are open there. */
  readonly lanes: Map<number, HostLane> = new Map();
  /** Components that it has compiled. */
  readonly components: Set<number> = new Set();
  readonly #reports: ChildReports;
  readonly #child: Child;
  readonly #channel: Channel;
  readonly #listener: SessionListener;
  readonly #sent = new SentRequests();
  readonly #asks = new Asks();
  readonly #tallies: ChildTallies = new ChildTallies(-this.id);
  readonly #silence: Silence;
  readonly #clockOffset = clockOffset();
  #state: 'starting' | 'ready' | 'ended' = 'starting';
  #maxOutputBytes = 0;

  constructor(options: ChildOptions, start: Extract<HostMessage, { kind: 'start' }>, listener: SessionListener) {
    this.#listener = listener;
    const known = { lanes: this.lanes, sent: this.#sent, asks: this.#asks, tallies: this.#tallies };
    this.#reports = new ChildReports(known, {
      ...listener,
      onReady: () => this.#ready(),
      onStuck: (thread, lane) => listener.onStuck(thread, lane, this),
    });
    this.#child = new Child(options, (end) => this.#ended(end));
    this.#channel = new Channel(this.#child.channel, () => maxFrameBytes(this.#maxOutputBytes), {
      onFrame: (kind, body) => this.#received(kind, body),
      onDrain: () => listener.onProgress(),
      // A child that closes its channel has ended, or means to stay without one.
      onEnd: (error) => this.#child.kill(error instanceof ProtocolError ? 'protocol' : 'itself'),
    });
    readNotices(this.#child.notices, {
      onHandedOut: (request) => this.#sent.begun(request),
      onTakenBack: (request) => this.#sent.takenBack(request),
      onBatch: (request, size) => {
        const passage = this.#sent.get(request);
        if (passage !== undefined) this.#tallies.of(passage.job.lane)?.batchSize.record(size);
      },
    });
    this.#silence = new Silence(
      () => (this.#state !== 'ready' ? 'start' : this.isIdle ? 'nothing' : 'answer'),
      () => void this.ask((ask) => ({ kind: 'ping', ask }), nothing).catch(() => {}),
      () => this.#child.kill('silence'),
    );
    this.tell(start);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get threads(): Threads {
    return this.#reports.threads;
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** Requests that it has and has not begun. */
  get notBegun(): number {
    return this.#sent.notBegun;
  }

  /** Requests that it has. */
  get passages(): Iterable<Passage> {
    return this.#sent.passages;
  }

  get isIdle(): boolean {
    return this.#sent.size === 0 && this.#asks.size === 0;
  }

  /** Whether it does not keep up. */
  get isFull(): boolean {
    return this.#channel.isFull;
  }

  /** Whether it takes a request of a lane. */
  takes(lane: Lane): boolean {
    return this.lanes.has(lane.id) && this.#sent.takes(lane);
  }

  ref(): void {
    this.#channel.ref();
  }

  unref(): void {
    this.#channel.unref();
  }

  // -- to the child -----------------------------------------------------------------------------------------------

  tell(message: HostMessage): void {
    this.#channel.write(FRAME.message, (out) => out.raw(serialize(message)));
  }

  /**
   * Asks for something; what is answered is checked.
   *
   * @throws {PluginError} what the child failed with; `ERR_WORKER_CRASHED` when it ended first.
   */
  ask<T>(message: (ask: number) => HostMessage, check: (value: unknown) => T): Promise<T> {
    if (this.#state === 'ended') return Promise.reject(gone());
    return this.#asks.ask((ask) => this.tell(message(ask)), check);
  }

  /** Compiles a component there, if that was not done yet, and opens a lane of it. */
  async open(hostLane: HostLane): Promise<void> {
    const { component, opening, id, lane } = hostLane;
    if (!this.components.has(component.id)) await this.load(component);
    await this.ask((ask) => ({ kind: 'open', ask, lane: id, component: component.id, opening }), nothing);
    this.#maxOutputBytes = Math.max(this.#maxOutputBytes, lane.definition.policy.maxOutputBytes);
    this.lanes.set(id, hostLane);
  }

  /** Has the bytes of a component compiled. @throws the reason of a signal that is aborted first. */
  async load({ id, bytes, options, group }: ComponentOrder, signal?: AbortSignal): Promise<ComponentFacts> {
    let ask = 0;
    const giveUp = (): void => this.tell({ kind: 'give-up-load', ask });
    const asked = this.ask((number) => {
      ask = number;
      return { kind: 'load', ask, component: id, bytes, options, group };
    }, componentFacts);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      const facts = await asked;
      this.components.add(id);
      return facts;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Closes a lane there; resolves when its instances are shut down, or the child is gone with them. */
  async closeLane(id: number): Promise<void> {
    if (!this.lanes.has(id)) return;
    await this.ask((ask) => ({ kind: 'close-lane', ask, lane: id }), nothing).catch(() => {});
    this.lanes.delete(id);
    this.#tallies.forget(id);
  }

  /** Sends a request. */
  send(job: Job, { id: lane, answers }: HostLane): void {
    const { input, options, priority } = job;
    // By name: what a plugin is made of is known in the child only.
    const call = job.call?.kind === 'named' ? job.call.func : undefined;
    const bytes = input.length + (call?.args.length ?? 0) + answers.bytes;
    const request = this.#sent.add(job, bytes);
    this.#channel.append(FRAME.requests, (out) => packRequest(out, { request, lane, input, options, priority, call }));
  }

  /** Its caller gave a request up: it fails with this, unless it is done by the time the child hears of it. */
  giveUp(job: Job, failure: PluginError): void {
    const passage = this.#sent.of(job);
    if (passage === undefined) return;
    passage.failure = failure;
    this.tell({ kind: 'cancel', request: job.slot });
  }

  /** Ends the child: in order if it can, in bounded time in any case. */
  end(): void {
    this.tell({ kind: 'end' });
    this.#child.expectEnd();
    this.ref();
  }

  // -- from the child ---------------------------------------------------------------------------------------------

  #received(kind: number, body: Buffer): void {
    this.#silence.heard();
    if (kind === FRAME.results) {
      for (const result of unpackResults(body)) this.#settle(result);
      this.#listener.onProgress();
    } else if (kind === FRAME.message) this.#reports.hear(fields(parseJson(new Unpacker(body).text())));
    else throw new ProtocolError(`no frame is of the kind ${kind}`);
  }

  #ready(): void {
    if (this.#state !== 'starting') return;
    this.#state = 'ready';
    this.#listener.onReady(this);
  }

  #settle(result: Result): void {
    const passage = this.#sent.take(result.request);
    if (passage === undefined) throw new ProtocolError('a result of what was not sent');
    const { job } = passage;
    const answers = this.lanes.get(job.lane.id)?.answers;
    const tally = result.times.begun === 0 ? undefined : this.#tallies.of(job.lane);
    const learning = { answers, tally, clockOffset: this.#clockOffset };
    // One that was abandoned is settled, and was still there.
    if (job.state === 'settled' || deliver(passage, result, learning) === 'failed')
      this.#sent.remember(result.request, job);
    this.#listener.onSettled(passage);
  }

  #ended(end: ChildEnd): void {
    this.#state = 'ended';
    this.#silence.end();
    const passages = this.#sent.takeAll();
    for (const { lane } of this.lanes.values()) this.#tallies.end(lane);
    this.#reports.threads = NO_THREADS;
    this.#asks.end(gone(end));
    this.#listener.onEnd(this, end, passages);
  }
}
