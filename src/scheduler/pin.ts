import type { PluginThread } from '../pool/plugin-thread.ts';

/** Where the one instance of a session is: on the first thread that is sent its lane, and on no other after that. */
export class Pin {
  #thread: PluginThread | undefined;
  #state: 'free' | 'placed' | 'lost' = 'free';
  readonly #onLost: () => void;

  /** @param onLost Called when the thread is ended, in the middle of what ends it. */
  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  get state(): 'free' | 'placed' | 'lost' {
    return this.#state;
  }

  get thread(): PluginThread | undefined {
    return this.#thread;
  }

  place(thread: PluginThread): void {
    if (this.#state !== 'free') return;
    this.#state = 'placed';
    this.#thread = thread;
    thread.onEnded.add(this);
  }

  /** Its session is over. */
  remove(): void {
    this.#thread?.onEnded.delete(this);
  }

  ended(): void {
    this.#state = 'lost';
    this.#onLost();
  }
}
