import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { CallerLine } from '../src/conversation/line.ts';
import type { CallerMessage, GuestMessage } from '../src/conversation/messages.ts';

/** Where the guests of this thread speak with their callers; one does at a time. */
export class CallerDesk {
  readonly #port: MessagePort;
  readonly #bell: Int32Array<SharedArrayBuffer>;

  /** @param bell A word that changes with each message, after that is in the port. Others may ring it, too. */
  constructor(port: MessagePort, bell: Int32Array<SharedArrayBuffer>) {
    this.#port = port;
    this.#bell = bell;
  }

  /** The line of one call. What is left of calls before it is thrown away. */
  open(conversation: number): CallerLine {
    const port = this.#port;
    const word = this.#bell;
    // Whatever it is, there was no look yet.
    let seen = Atomics.load(word, 0) - 1;
    return {
      word,
      say(words, transfer = []) {
        port.postMessage({ conversation, ...words } satisfies GuestMessage, [...transfer]);
      },
      take(listener) {
        const rung = Atomics.load(word, 0);
        if (rung === seen) return;
        seen = rung;
        for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
          const { conversation: whose, ...words }: CallerMessage = next.message;
          if (whose === conversation) listener(words);
        }
      },
    };
  }
}
