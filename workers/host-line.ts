import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Later } from '../src/clock/later.ts';
import type { HostCall, HostReply } from '../src/host/imports/main-thread.ts';
import type { LargeRequest, MainMessage, Parcel, WorkerMessage } from '../src/pool/protocol.ts';

/** A request that was added to an open order. */
interface Added {
  /** Of the message that brought it. */
  readonly number: number;
  readonly request: LargeRequest;
}

/**
 * The line on which this thread asks the main thread for something. Who waits does so with the thread blocked, during which the
 * main thread may end it: that is what wakes it up when its request has run out of time.
 */
export class HostLine {
  readonly #port: MessagePort;
  readonly #bell: Int32Array<SharedArrayBuffer>;
  readonly #slot: () => number;
  readonly #open = new Map<number, Later<HostReply>>();
  readonly #parcels: Parcel[] = [];
  /** Requests that were added to the open order, by slot. */
  readonly large: Map<number, Added> = new Map();
  /** Whether there is something to look at for who waits, beside what comes on the line. Set by whoever has the thread. */
  alarm: (() => boolean) | undefined;
  #calls = 0;
  /** Replies that have come, ever: the main thread counts those that it has sent. */
  #heard = 0;

  /**
   * @param bell A word that changes with each message, after that is in the port. Others may ring it, too.
   * @param slot For which request the guest runs that asks, as messages name it; -1 for none.
   */
  constructor(port: MessagePort, bell: Int32Array<SharedArrayBuffer>, slot: () => number) {
    this.#port = port;
    this.#bell = bell;
    this.#slot = slot;
  }

  /** Asks, and waits for the reply. */
  ask(call: HostCall): HostReply {
    let reply: HostReply | undefined;
    this.begin(call, 'waits').listen((came) => {
      reply = came;
    }, rethrow);
    while (reply === undefined) this.#block();
    return reply;
  }

  /** @param then Whether the thread waits from now on, or will say so when it does. */
  begin(call: HostCall, then: 'waits' | 'goes on'): Later<HostReply> {
    const later = new Later<HostReply>();
    const id = ++this.#calls;
    this.#open.set(id, later);
    this.#post({ kind: 'host-call', id, slot: this.#slot(), waits: then === 'waits', call });
    return later;
  }

  /** A word that changes with each message that comes, and with others. */
  get word(): Int32Array<SharedArrayBuffer> {
    return this.#bell;
  }

  /** Says that the thread is about to wait for replies. */
  announce(): void {
    this.#post({ kind: 'waits', heard: this.#heard });
  }

  /** Blocks until something has come, whosever it is, and passes on all that has. */
  wait(): void {
    const before = Atomics.load(this.#bell, 0);
    if (this.takeAll() || this.alarm?.()) return;
    this.announce();
    Atomics.wait(this.#bell, 0, before);
    this.takeAll();
  }

  /** Takes what has come, without waiting. @returns Whether there was anything. */
  takeAll(): boolean {
    let any = false;
    while (this.take()) any = true;
    return any;
  }

  /** Nobody waits for these any more: the instance has ended. */
  drop(calls: Iterable<Later<HostReply>>): void {
    const dropped = new Set(calls);
    const ids = [...this.#open].filter(([, later]) => dropped.has(later)).map(([id]) => id);
    for (const id of ids) this.#open.delete(id);
    if (ids.length > 0) this.#post({ kind: 'host-calls-dropped', ids });
  }

  /** The parcel of the order that was taken. It was posted before that, so it is in the port. */
  parcel(): Parcel {
    while (this.#parcels.length === 0) this.take();
    return this.#parcels.shift()!;
  }

  #post(message: WorkerMessage): void {
    this.#port.postMessage(message);
  }

  /** Blocks until a message has come, or something else rings. */
  #block(): void {
    const before = Atomics.load(this.#bell, 0);
    if (this.take()) return;
    Atomics.wait(this.#bell, 0, before);
    this.take();
  }

  /** Takes the next message; false when there is none. */
  take(): boolean {
    const message: MainMessage | undefined = receiveMessageOnPort(this.#port)?.message;
    if (message === undefined) return false;
    if (message.kind === 'parcel') this.#parcels.push(message.parcel);
    else if (message.kind === 'large')
      for (const [slot, request] of message.large) this.large.set(slot, { number: message.number, request });
    else {
      this.#heard++;
      const later = this.#open.get(message.id);
      this.#open.delete(message.id);
      later?.resolve(message.reply);
    }
    return true;
  }
}

function rethrow(error: unknown): never {
  throw error;
}
