import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { HostCall, HostReply } from '../src/host/imports/main-thread.ts';
import type { WorkerMessage } from '../src/pool/protocol.ts';

/**
 * The line on which this thread asks the main thread for something and waits. While it does, the main thread may end it:
 * that is what wakes it up when its request has run out of time.
 */
export class HostLine {
  readonly #port: MessagePort;
  readonly #replies: Int32Array<SharedArrayBuffer>;

  /** @param replies A word that changes with each reply, after that is in the port. */
  constructor(port: MessagePort, replies: SharedArrayBuffer) {
    this.#port = port;
    this.#replies = new Int32Array(replies);
  }

  ask(call: HostCall): HostReply {
    const before = Atomics.load(this.#replies, 0);
    this.#port.postMessage({ kind: 'host-call', call } satisfies WorkerMessage);
    Atomics.wait(this.#replies, 0, before);
    // Nothing else comes while an order is carried out: parcels are posted before the orders that need them.
    return receiveMessageOnPort(this.#port)!.message as HostReply;
  }
}
