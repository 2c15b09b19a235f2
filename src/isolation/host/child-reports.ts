import type { Utterance } from '../../contract/values.ts';
import type { Lane } from '../../scheduler/lane.ts';
import type { StuckThread, Termination } from '../../scheduler/supervisor-listener.ts';
import { counters, errorCode, errorFrom, fields, text, utterance, whole } from '../wire/checked.ts';
import { NO_THREADS, type Threads } from '../wire/messages.ts';
import { ProtocolError } from '../wire/unpacker.ts';
import type { Asks } from './asks.ts';
import type { ChildTallies } from './child-tallies.ts';
import type { HostLane } from './host-lane.ts';
import type { SentRequests } from './sent-requests.ts';
import { mapThreads } from './thread-counts.ts';

type Message = Readonly<Record<string, unknown>>;

/** Who hears what a child reports. */
export interface ReportListener {
  readonly onReady: () => void;
  readonly onUtterance: (lane: Lane, requestId: string | undefined, utterance: Utterance) => void;
  readonly onTermination: (termination: Termination, lane: Lane) => void;
  /** A thread of the child's does not end. */
  readonly onStuck: (thread: StuckThread, lane: Lane) => void;
}

/** What is known of a child, which its reports are about. */
export interface Known {
  /** Lanes that are open there. */
  readonly lanes: ReadonlyMap<number, HostLane>;
  readonly sent: SentRequests;
  readonly asks: Asks;
  readonly tallies: ChildTallies;
}

/** Takes what a child reports, beside results: answers to what it was asked, and what its plugins and threads do. */
export class ChildReports {
  threads: Threads = NO_THREADS;
  readonly #known: Known;
  readonly #listener: ReportListener;

  constructor(known: Known, listener: ReportListener) {
    this.#known = known;
    this.#listener = listener;
  }

  /** @throws {ProtocolError} when it is none that there is. */
  hear(message: Message): void {
    const { asks, sent, tallies } = this.#known;
    switch (message.kind) {
      case 'ready':
        this.#listener.onReady();
        return;
      case 'answer':
        asks.answered(whole(message.ask), message.value);
        return;
      case 'failure':
        asks.failed(whole(message.ask), errorFrom(message.error));
        return;
      case 'said': {
        const said = utterance(message.utterance);
        const lane = this.#lane(message.lane);
        if (lane !== undefined) this.#listener.onUtterance(lane, sent.nameOf(whole(message.request)), said);
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
      case 'counted': {
        const counted = counters(message.counters);
        const lane = this.#lane(message.lane);
        if (lane !== undefined) tallies.of(lane)?.report(counted);
        return;
      }
      default:
        throw new ProtocolError(`no message is of the kind ${text(message.kind)}`);
    }
  }

  #terminated(message: Message): void {
    const lane = this.#lane(message.lane);
    if (lane === undefined) return;
    const termination = this.#termination(lane, message);
    // Its CPU time is among what the child counts.
    lane.metrics.lostWorker(termination.code, 0);
    this.#listener.onTermination(termination, lane);
  }

  #stuck(message: Message): void {
    const lane = this.#lane(message.lane);
    if (lane === undefined) return;
    const { sinceMs, stuck } = message;
    const thread = { ...this.#termination(lane, message), sinceMs: whole(sinceMs), stuck: whole(stuck) };
    this.#listener.onStuck(thread, lane);
  }

  #termination(lane: Lane, { request, threadId, code }: Message): Termination {
    const { sent } = this.#known;
    const number = whole(request);
    // The child knows that a request was given up, and not why.
    const why = code === 'ERR_ABORTED' ? sent.failed(number)?.failure?.code : undefined;
    return {
      threadId: whole(threadId),
      plugin: lane.definition.plugin,
      version: lane.version,
      requestId: sent.nameOf(number),
      code: why ?? errorCode(code),
    };
  }

  #lane(id: unknown): Lane | undefined {
    return this.#known.lanes.get(whole(id))?.lane;
  }
}
