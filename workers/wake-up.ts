import type { MessagePort } from 'node:worker_threads';
import { WAKE, type WorkerMessage } from '../src/pool/protocol.ts';
import type { ThreadStatus } from '../src/pool/thread-status.ts';

/**
 * Milliseconds between two wake-ups of the main thread. The result of a request that ends sooner after a wake-up is
 * seen with the next one, with the end of the batch or at the watchdog's next look, whichever comes first.
 */
const WAKE_INTERVAL_MS = 0.2;

/** Wakes the main thread when there is something for it. */
export class WakeUp {
  readonly #status: ThreadStatus;
  readonly #port: MessagePort;
  #wokenAt = 0;

  constructor(status: ThreadStatus, port: MessagePort) {
    this.#status = status;
    this.#port = port;
  }

  /** Says that there are results, unless it was said just now. */
  announce(now: number): void {
    if (now - this.#wokenAt >= WAKE_INTERVAL_MS) this.wake(now);
  }

  /** Says so in any case, if the main thread is not awake by itself. */
  wake(now: number): void {
    if (!this.#status.wantsWake()) return;
    this.#wokenAt = now;
    this.#port.postMessage(WAKE satisfies WorkerMessage);
  }
}
