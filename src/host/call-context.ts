import { Buffer } from 'node:buffer';
import type { LogLevel, Utterance } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import { cleanLogLine } from '../text/log-line.ts';

export type { LogLevel, Utterance };

/** What bounds the host's work for one call into the guest; fields of the policy. */
export interface CallLimits {
  readonly maxHostCalls: number;
  readonly maxHostCallBytes: number;
  readonly maxLogBytes: number;
}

/** What one call has used of its budgets. */
export interface CallBooks {
  readonly hostCalls: number;
  readonly hostCallBytes: number;
  readonly logBytes: number;
}

export const NO_BOOKS: CallBooks = { hostCalls: 0, hostCallBytes: 0, logBytes: 0 };

/** Each utterance costs this many bytes on top of its text, so that empty ones are not free. */
const UTTERANCE_OVERHEAD = 32;

/**
 * The host's books for the call that an instance is in: how often the guest called the host, what it logged and
 * emitted. Every host function begins with {@link hostCall}; the instance calls {@link begin} before each exported
 * function. All budgets are per call, so that a flood in one request takes nothing from the next (invariant 10).
 */
export class CallContext {
  readonly #limits: CallLimits;
  #hostCalls = 0;
  #hostCallBytes = 0;
  #logBytes = 0;
  readonly #say: (utterance: Utterance) => boolean;

  /** @param say Passes an utterance on; false when it cannot be taken, which the guest hears as an error. */
  constructor(limits: CallLimits, say: (utterance: Utterance) => boolean) {
    this.#limits = limits;
    this.#say = say;
  }

  begin(): void {
    this.#hostCalls = 0;
    this.#hostCallBytes = 0;
    this.#logBytes = 0;
  }

  /** The books of the current call, which another one takes the place of. */
  get books(): CallBooks {
    return { hostCalls: this.#hostCalls, hostCallBytes: this.#hostCallBytes, logBytes: this.#logBytes };
  }

  /** Goes on with those of a call that was left. */
  set books({ hostCalls, hostCallBytes, logBytes }: CallBooks) {
    this.#hostCalls = hostCalls;
    this.#hostCallBytes = hostCallBytes;
    this.#logBytes = logBytes;
  }

  /** Host calls of the current call so far. */
  get hostCalls(): number {
    return this.#hostCalls;
  }

  /**
   * Counts one call from the guest to the host.
   *
   * @throws {PluginError} `ERR_HOST_CALL_LIMIT`, which ends the call into the guest.
   */
  hostCall(): void {
    if (++this.#hostCalls > this.#limits.maxHostCalls) {
      throw new PluginError(
        'ERR_HOST_CALL_LIMIT',
        `The plugin made more than ${this.#limits.maxHostCalls} calls to the host in one call`,
        {
          hint: 'Raise `maxHostCalls` in the policy if the plugin needs them.',
          limit: { name: 'maxHostCalls', value: this.#limits.maxHostCalls },
        },
      );
    }
  }

  /**
   * Counts what a call of a function of the embedder's passes, one way or the other.
   *
   * @throws {PluginError} `ERR_HOST_CALL_LIMIT`, which ends the call into the guest.
   */
  hostCallBytes(bytes: number): void {
    this.#hostCallBytes += bytes;
    const { maxHostCallBytes } = this.#limits;
    if (this.#hostCallBytes <= maxHostCallBytes) return;
    throw new PluginError(
      'ERR_HOST_CALL_LIMIT',
      `The plugin passed more than ${maxHostCallBytes} bytes to and from functions of the host in one call`,
      {
        hint: 'Raise `maxHostCallBytes` in the policy if the plugin needs them.',
        limit: { name: 'maxHostCallBytes', value: maxHostCallBytes },
      },
    );
  }

  /** Takes down a log message; false, and nothing is kept, when the budget of the call is spent. */
  log(level: LogLevel, message: string): boolean {
    return this.#spend(Buffer.byteLength(message)) && this.#say({ kind: 'log', level, message: cleanLogLine(message) });
  }

  /** Takes down an event; false, and nothing is kept, when the budget of the call is spent. */
  event(type: string, payload: string): boolean {
    const bytes = Buffer.byteLength(type) + Buffer.byteLength(payload);
    return this.#spend(bytes) && this.#say({ kind: 'event', type: cleanLogLine(type), payload });
  }

  /** Passes on what is recorded of a call, which is bounded by what records it; false when it cannot be taken. */
  tape(text: string): boolean {
    return this.#say({ kind: 'tape', text });
  }

  #spend(bytes: number): boolean {
    const spent = this.#logBytes + bytes + UTTERANCE_OVERHEAD;
    if (spent > this.#limits.maxLogBytes) return false;
    this.#logBytes = spent;
    return true;
  }
}
