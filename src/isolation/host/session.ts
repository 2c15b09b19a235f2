import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import { serialize } from 'node:v8';
import type { Utterance } from '../../contract/values.ts';
import type { PluginError } from '../../errors.ts';
import { clockOffset } from '../../observe/clock.ts';
import { Tally } from '../../observe/tally.ts';
import type { Job } from '../../scheduler/job.ts';
import type { Lane } from '../../scheduler/lane.ts';
import type { StuckThread, Termination } from '../../scheduler/supervisor-listener.ts';
import { Channel } from '../wire/channel.ts';
import { errorCode, errorFrom, fields, parseJson, text, utterance, whole } from '../wire/checked.ts';
import { componentFacts } from '../wire/checked-component.ts';
import {
  BATCH_BEGINS,
  COUNTERS,
  type ComponentFacts,
  type Counters,
  FRAME,
  type HostMessage,
  NO_THREADS,
  type Threads,
} from '../wire/messages.ts';
import { packRequest } from '../wire/requests.ts';
import { type Result, unpackResults } from '../wire/results.ts';
import { ProtocolError, Unpacker } from '../wire/unpacker.ts';
import { Child, type ChildEnd, type ChildOptions } from './child.ts';
import { gone, SILENT_LOOKS } from './child-end.ts';
import type { HostLane } from './host-lane.ts';
import { readNotices } from './notices.ts';
import type { Passage } from './passage.ts';
import type { ComponentOrder } from './remote-component.ts';

/** What a session tells the group that it is of. */
export interface SessionListener {
  readonly onReady: (session: Session) => void;
  /** Requests were settled, or begun: there may be room for more. */
  readonly onProgress: () => void;
  readonly onSettled: (passage: Passage) => void;
  readonly onUtterance: (lane: Lane, requestId: string | undefined, utterance: Utterance) => void;
  readonly onTermination: (termination: Termination, lane: Lane) => void;
  /** A thread of the child's does not end. */
  readonly onStuck: (thread: StuckThread, lane: Lane, session: Session) => void;
  /** The child is gone. What it had not begun, and how many it may have begun. */
  readonly onEnd: (session: Session, end: ChildEnd, requests: readonly Passage[]) => void;
}

interface Ask {
  readonly check: (value: unknown) => unknown;
  readonly settled: PromiseWithResolvers<unknown>;
}

/** Bytes of requests and of their answers, as far as these can be foreseen, that a child holds: what is behind them waits here. */
const AHEAD_BYTES = 64 * 1024 * 1024;
const SILENCE_LOOK_MS = 1000;
/** Requests that have failed and that a thread may still be said to have ended for. */
const FAILED_KEPT = 256;
/** Bytes of a frame from the child, beside what the policies of its plugins let them answer. */
const FRAME_SLACK_BYTES = 32 * 1024 * 1024;
/** A value may take so many times the bytes that it took in the guest: numbers become 9 bytes, fields bring their names. */
const FRAME_FACTOR = 8;

let sessions = 0;

/** The life of one child, as its host sees it: what it has to do, and what came of that. */
export class Session {
  readonly id: number = ++sessions;
  readonly startedAt: number = performance.now();
  /** Lanes that are open there. */
  readonly lanes: Map<number, HostLane> = new Map();
  /** Components that it has compiled. */
  readonly components: Set<number> = new Set();
  threads: Threads = NO_THREADS;
  readonly #child: Child;
  readonly #channel: Channel;
  readonly #listener: SessionListener;
  readonly #sent = new Map<number, Passage>();
  readonly #asks = new Map<number, Ask>();
  readonly #tallies = new Map<number, Tally>();
  readonly #failed = new Map<number, Job>();
  readonly #silence: NodeJS.Timeout;
  readonly #clockOffset = clockOffset();
  #silentLooks = 0;
  #state: 'starting' | 'ready' | 'ended' = 'starting';
  #requests = 0;
  #askNumber = 0;
  #aheadBytes = 0;
  #notBegun = 0;
  #maxOutputBytes = 0;

  constructor(options: ChildOptions, start: Extract<HostMessage, { kind: 'start' }>, listener: SessionListener) {
    this.#listener = listener;
    this.#child = new Child(options, (end) => this.#ended(end));
    this.#channel = new Channel(this.#child.channel, () => FRAME_SLACK_BYTES + FRAME_FACTOR * this.#maxOutputBytes, {
      onFrame: (kind, body) => this.#received(kind, body),
      onDrain: () => listener.onProgress(),
      // A child that closes its channel has ended, or means to stay without one.
      onEnd: (error) => this.#child.kill(error instanceof ProtocolError ? 'protocol' : 'itself'),
    });
    readNotices(this.#child.notices, {
      onHandedOut: (request) => this.#begun(request),
      onTakenBack: (request) => this.#takenBack(request),
      onBatch: (request, size) => this.#tallyOf(this.#sent.get(request)?.job.lane)?.batchSize.record(size),
    });
    this.#silence = setInterval(() => this.#listen(), SILENCE_LOOK_MS).unref();
    this.tell(start);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** Requests that it has and has not begun. */
  get notBegun(): number {
    return this.#notBegun;
  }

  /** Requests that it has. */
  get passages(): Iterable<Passage> {
    return this.#sent.values();
  }

  get isIdle(): boolean {
    return this.#sent.size === 0 && this.#asks.size === 0;
  }

  /** Whether it should be given no more for now. */
  get isFull(): boolean {
    return this.#channel.isFull || (this.#aheadBytes > AHEAD_BYTES && this.#sent.size > 0);
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
    const settled = Promise.withResolvers<unknown>();
    if (this.#state === 'ended') return Promise.reject(gone());
    const ask = ++this.#askNumber;
    this.#asks.set(ask, { check, settled });
    this.tell(message(ask));
    return settled.promise as Promise<T>;
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
    const giveUp = (): void => this.tell({ kind: 'give-up-load', ask });
    const asked = this.ask((ask) => ({ kind: 'load', ask, component: id, bytes, options, group }), componentFacts);
    const ask = this.#askNumber;
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
    this.#tallies.delete(id);
  }

  /** Sends a request. */
  send(job: Job, { id: lane, answers }: HostLane): void {
    const request = this.#number();
    const { input, options, priority } = job;
    // By name: what a plugin is made of is known in the child only.
    const call = job.call?.kind === 'named' ? job.call.func : undefined;
    const bytes = input.length + (call?.args.length ?? 0) + answers.bytes;
    const passage: Passage = { job, bytes, state: 'sent', failure: undefined };
    job.state = 'sent';
    job.lane.sent++;
    job.slot = request;
    this.#sent.set(request, passage);
    this.#aheadBytes += bytes;
    this.#notBegun++;
    this.#channel.append(FRAME.requests, (out) => packRequest(out, { request, lane, input, options, priority, call }));
  }

  /** Its caller gave a request up: it fails with this, unless it is done by the time the child hears of it. */
  giveUp(job: Job, failure: PluginError): void {
    const passage = this.#sent.get(job.slot);
    if (passage?.job !== job) return;
    passage.failure = failure;
    this.tell({ kind: 'cancel', request: job.slot });
  }

  has(job: Job): boolean {
    return this.#sent.get(job.slot)?.job === job;
  }

  /** Ends the child: in order if it can, in bounded time in any case. */
  end(): void {
    this.tell({ kind: 'end' });
    this.#child.expectEnd();
    this.ref();
  }

  /** Numbers are used again after a billion requests, unless one of them is still out. */
  #number(): number {
    do this.#requests = (this.#requests % (BATCH_BEGINS - 1)) + 1;
    while (this.#sent.has(this.#requests));
    return this.#requests;
  }

  // -- from the child ---------------------------------------------------------------------------------------------

  #received(kind: number, body: Buffer): void {
    this.#silentLooks = 0;
    if (kind === FRAME.results) {
      for (const result of unpackResults(body)) this.#settle(result);
      this.#listener.onProgress();
    } else if (kind === FRAME.message) this.#hear(fields(parseJson(new Unpacker(body).text())));
    else throw new ProtocolError(`no frame is of the kind ${kind}`);
  }

  #hear(message: Readonly<Record<string, unknown>>): void {
    switch (message.kind) {
      case 'ready':
        if (this.#state !== 'starting') return;
        this.#state = 'ready';
        this.#listener.onReady(this);
        return;
      case 'answer':
        this.#answered(whole(message.ask), (ask) => ask.settled.resolve(ask.check(message.value)));
        return;
      case 'failure': {
        const error = errorFrom(message.error);
        this.#answered(whole(message.ask), (ask) => ask.settled.reject(error));
        return;
      }
      case 'said': {
        const said = utterance(message.utterance);
        const lane = this.#lane(message.lane);
        if (lane !== undefined) this.#listener.onUtterance(lane, this.#nameOf(whole(message.request)), said);
        return;
      }
      case 'stuck':
        this.#stuck(message);
        return;
      case 'terminated':
        this.#terminated(message);
        return;
      case 'threads': {
        const counts = fields(message.threads);
        this.threads = mapThreads((state) => whole(counts[state]));
        return;
      }
      case 'counted':
        this.#counted(message);
        return;
      default:
        throw new ProtocolError(`no message is of the kind ${text(message.kind)}`);
    }
  }

  #answered(number: number, settle: (ask: Ask) => void): void {
    const ask = this.#asks.get(number);
    if (ask === undefined) throw new ProtocolError('an answer to what was not asked');
    this.#asks.delete(number);
    settle(ask);
  }

  #terminated(message: Readonly<Record<string, unknown>>): void {
    const lane = this.#lane(message.lane);
    if (lane === undefined) return;
    const termination = this.#termination(lane, message);
    // Its CPU time is among what the child counts.
    lane.metrics.lostWorker(termination.code, 0);
    this.#listener.onTermination(termination, lane);
  }

  #stuck(message: Readonly<Record<string, unknown>>): void {
    const lane = this.#lane(message.lane);
    if (lane === undefined) return;
    const { sinceMs, stuck } = message;
    const thread = { ...this.#termination(lane, message), sinceMs: whole(sinceMs), stuck: whole(stuck) };
    this.#listener.onStuck(thread, lane, this);
  }

  #termination(lane: Lane, { request, threadId, code }: Readonly<Record<string, unknown>>): Termination {
    const number = whole(request);
    // The child knows that a request was given up, and not why.
    const why = code === 'ERR_ABORTED' ? this.#failed.get(number)?.failure?.code : undefined;
    return {
      threadId: whole(threadId),
      plugin: lane.definition.plugin,
      version: lane.version,
      requestId: this.#nameOf(number),
      code: why ?? errorCode(code),
    };
  }

  #counted({ lane, counters }: Readonly<Record<string, unknown>>): void {
    const numbers = fields(counters);
    for (const name of COUNTERS) {
      const value = numbers[name];
      if (typeof value !== 'number' || !(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) throw new ProtocolError(name);
    }
    this.#tallyOf(this.#lane(lane))?.report(numbers as Counters);
  }

  #settle(result: Result): void {
    const { request } = result;
    const passage = this.#sent.get(request);
    if (passage === undefined) throw new ProtocolError('a result of what was not sent');
    this.#take(request, passage);
    // One that was abandoned is settled, and was still there.
    if (passage.job.state === 'settled') this.#remember(request, passage.job);
    else this.#deliver(passage, result);
    this.#listener.onSettled(passage);
  }

  #deliver({ job, failure: givenUp }: Passage, { request, times, threadId, outcome }: Result): void {
    const { lane } = job;
    if (times.begun !== 0) {
      const ended = times.ended === 0 ? 0 : times.ended - this.#clockOffset;
      const ran = { asked: job.askedAt, begun: times.begun - this.#clockOffset, ended };
      job.elsewhere = { threadId, times: ran };
      const tally = this.#tallyOf(lane);
      tally?.queueWait.record(ran.begun - ran.asked);
      tally?.duration.record((ended === 0 ? performance.now() : ended) - ran.begun);
    }
    if (outcome.kind === 'failed') {
      this.#hostLane(lane)?.answers.learn(0);
      const { error, began, killed } = outcome;
      job.began = began;
      const given = error.code === 'ERR_ABORTED' ? givenUp : undefined;
      const failure = given ?? job.error(error.code, error.message, error);
      if (killed) lane.gate?.killed(job, failure);
      job.reject(failure);
      this.#remember(request, job);
      return;
    }
    job.began = true;
    if (outcome.kind === 'answered') {
      this.#hostLane(lane)?.answers.learn(outcome.response.output.length);
      job.resolve(outcome.response);
    } else {
      this.#hostLane(lane)?.answers.learn(outcome.bytes);
      job.value = outcome.value;
      job.resolve(RETURNED);
    }
  }

  #begun(request: number): void {
    const passage = this.#sent.get(request);
    if (passage?.state !== 'sent') return;
    passage.state = 'begun';
    this.#notBegun--;
  }

  #takenBack(request: number): void {
    const passage = this.#sent.get(request);
    if (passage?.state !== 'begun') return;
    passage.state = 'sent';
    this.#notBegun++;
  }

  /** A request is no longer with the child. */
  #take(request: number, passage: Passage): void {
    this.#sent.delete(request);
    this.#aheadBytes -= passage.bytes;
    if (passage.state === 'sent') this.#notBegun--;
    passage.job.lane.sent--;
  }

  // -- the end ----------------------------------------------------------------------------------------------------

  /** A child that has something to do and has said nothing for long is stuck: it is asked, and ended if it is. */
  #listen(): void {
    if (this.isIdle && this.#state === 'ready') return;
    this.#silentLooks++;
    if (this.#silentLooks > SILENT_LOOKS) this.#child.kill('silence');
    else if (this.#silentLooks > 1 && this.#state === 'ready') {
      this.ask((ask) => ({ kind: 'ping', ask }), nothing).catch(() => {});
    }
  }

  #ended(end: ChildEnd): void {
    this.#state = 'ended';
    clearInterval(this.#silence);
    const passages = [...this.#sent.entries()];
    for (const [request, passage] of passages) this.#take(request, passage);
    for (const { lane, id } of this.lanes.values()) if (this.#tallies.has(id)) lane.metrics.endedThread(-this.id);
    this.threads = NO_THREADS;
    const asks = [...this.#asks.values()];
    this.#asks.clear();
    this.#listener.onEnd(
      this,
      end,
      passages.map(([, passage]) => passage),
    );
    for (const { settled } of asks) settled.reject(gone(end));
  }

  // -- what is what -----------------------------------------------------------------------------------------------

  #hostLane({ id }: Lane): HostLane | undefined {
    return this.lanes.get(id);
  }

  #lane(id: unknown): Lane | undefined {
    return this.lanes.get(whole(id))?.lane;
  }

  #nameOf(request: number): string | undefined {
    const job = this.#sent.get(request)?.job ?? this.#failed.get(request);
    return job?.requestId;
  }

  /** Why a thread was ended is told after the request that it was ended for. */
  #remember(request: number, job: Job): void {
    this.#failed.set(request, job);
    if (this.#failed.size <= FAILED_KEPT) return;
    const [oldest] = this.#failed.keys();
    this.#failed.delete(oldest!);
  }

  /** What this child counts for a lane. */
  #tallyOf(lane: Lane | undefined): Tally | undefined {
    if (lane === undefined) return undefined;
    let tally = this.#tallies.get(lane.id);
    if (tally === undefined) {
      const { tally: buffer } = lane.metrics.parcel(-this.id);
      if (buffer === undefined) return undefined;
      tally = new Tally(buffer);
      this.#tallies.set(lane.id, tally);
    }
    return tally;
  }
}

/** Numbers of threads by what they are doing. */
export function mapThreads(count: (state: keyof Threads) => number): Threads {
  return {
    starting: count('starting'),
    idle: count('idle'),
    busy: count('busy'),
    ending: count('ending'),
    stuck: count('stuck'),
  };
}

/** What a function returned is with the job; for the books it is an answer. */
const RETURNED = Object.freeze({ output: '', success: true });

function nothing(): void {}
