import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { HostCall, HostReply } from '../src/host/imports/main-thread.ts';
import type { WorkerMessage } from '../src/pool/protocol.ts';

/**
 * The line on which this thread asks the main thread for something and waits. While it does, the main thread may end it:
 * that is what wakes it up when its request has run out of time.
 */
export class HostLine {
  readonly #port: MessagePort;
  readonly #bell: Int32Array<SharedArrayBuffer>;

  /** @param bell A word that changes with each reply, after that is in the port. Others may ring it, too. */
  constructor(port: MessagePort, bell: Int32Array<SharedArrayBuffer>) {
    this.#port = port;
    this.#bell = bell;
  }

  ask(call: HostCall): HostReply {
    let before = Atomics.load(this.#bell, 0);
    this.#port.postMessage({ kind: 'host-call', call } satisfies WorkerMessage);
    for (;;) {
      Atomics.wait(this.#bell, 0, before);
      before = Atomics.load(this.#bell, 0);
      // Nothing else comes while an order is carried out: parcels are posted before the orders that need them.
      const reply = receiveMessageOnPort(this.#port);
      if (reply !== undefined) return reply.message as HostReply;
    }
  }
}
