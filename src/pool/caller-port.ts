import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Conversation } from '../conversation/conversation.ts';
import type { CallerMessage, GuestMessage } from '../conversation/messages.ts';

/** Where the callers of calls that pass streams hear the guests of one thread, and speak to them. */
export class CallerPort {
  readonly #port: MessagePort;
  #workersEnd: MessagePort | undefined;
  readonly #bell: Int32Array<SharedArrayBuffer>;
  readonly #conversations = new Map<number, Conversation>();

  /** @param bell A word that changes with each message, after that is in the port. */
  constructor(bell: Int32Array<SharedArrayBuffer>) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#workersEnd = port2;
    this.#bell = bell;
    port1.on('message', (message: GuestMessage) => this.#hear(message));
    // What keeps the process alive is the call.
    port1.unref();
  }

  /** The end for the worker, once. */
  takeWorkersEnd(): MessagePort {
    const port = this.#workersEnd!;
    this.#workersEnd = undefined;
    return port;
  }

  /** A call is on its way to the thread. */
  open(conversation: Conversation): void {
    const { number } = conversation;
    this.#conversations.set(number, conversation);
    conversation.attach((words, transfer = []) => {
      this.#port.postMessage({ conversation: number, ...words } satisfies CallerMessage, [...transfer]);
      this.ring();
    });
  }

  /** Wakes a guest that waits for its caller, so that it looks whether it is to end. */
  ring(): void {
    Atomics.add(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
  }

  /** The call is over there, or was taken back. What was said about it before has been heard. */
  close(conversation: Conversation): void {
    this.#drain();
    if (this.#conversations.delete(conversation.number)) conversation.detach();
  }

  /** The thread has ended. */
  end(): void {
    this.#drain();
    for (const conversation of this.#conversations.values()) conversation.detach();
    this.#conversations.clear();
    this.#port.close();
  }

  /** Taken from the port, messages will not come as events. */
  #drain(): void {
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      this.#hear(next.message);
    }
  }

  #hear({ conversation, ...words }: GuestMessage): void {
    this.#conversations.get(conversation)?.hear(words);
  }
}
