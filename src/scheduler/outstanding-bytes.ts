import { setTimeout } from 'node:timers';
import type { PluginResponse } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import { collectGarbageSoon } from '../thread/collect-garbage.ts';

/** Answers of fewer bytes are their callers' from the start: to watch one costs as much as to run a short request. */
const LARGE = 16 * 1024;
/** Milliseconds between two looks for answers that were let go of: at first, and when none is found for long. */
const FIRST_LOOK_MS = 250;
const LAST_LOOK_MS = 4000;
/** Shares of the limit: from where on answers are looked after, and how much has to be added before that is done again. */
const LOOK_AT = 3 / 4;
const LOOK_EVERY = 1 / 8;

/**
 * The books of what the engine's callers have it hold: inputs until they are answered, and answers until nobody has them
 * any more, which V8 knows when it collects garbage. Kept over all plugins, so that the answers of one, however many
 * callers wait for them, take no more than this of the process (invariant 10).
 */
export class OutstandingBytes {
  readonly most: number;
  #bytes = 0;
  /** Handed over since garbage was last collected for it. */
  #handedOver = 0;
  #looking: 'no' | 'yes' = 'no';
  #lookMs = FIRST_LOOK_MS;
  readonly #onFreed: () => void;
  readonly #released: FinalizationRegistry<number>;

  /**
   * @param most `Number.MAX_SAFE_INTEGER` for no limit.
   * @param onFreed Told when answers were let go of.
   */
  constructor(most: number, onFreed: () => void = () => {}) {
    this.most = most;
    this.#onFreed = onFreed;
    this.#released = new FinalizationRegistry((bytes) => {
      this.#bytes -= bytes;
      this.#lookMs = FIRST_LOOK_MS;
      onFreed();
    });
  }

  get bytes(): number {
    return this.#bytes;
  }

  fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.most;
  }

  book(bytes: number): void {
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Has an answer counted for as long as its caller has it; false when there is no room for it. */
  deliver(answer: object, bytes: number): boolean {
    if (bytes < LARGE || this.most === Number.MAX_SAFE_INTEGER) return true;
    if (!this.fits(bytes)) {
      this.look();
      return false;
    }
    this.book(bytes);
    this.handOver(answer, bytes);
    return true;
  }

  /** What was booked for an answer is released when its caller has let go of it. */
  handOver(answer: object, bytes: number): void {
    if (bytes < LARGE) {
      this.release(bytes);
      return;
    }
    this.#released.register(answer, bytes);
    this.#handedOver += bytes;
    if (this.#bytes > LOOK_AT * this.most && this.#handedOver > LOOK_EVERY * this.most) this.look();
  }

  /** Looks for what was let go of, and tells after a while in any case: who still waits then has it looked again. */
  look(): void {
    if (this.#looking === 'yes') return;
    this.#looking = 'yes';
    this.#handedOver = 0;
    collectGarbageSoon();
    setTimeout(() => {
      this.#looking = 'no';
      this.#onFreed();
    }, this.#lookMs);
    this.#lookMs = Math.min(2 * this.#lookMs, LAST_LOOK_MS);
  }

  /** In words, for whoever finds no room. */
  refusal(what: string, bytes: number): ConstructorParameters<typeof PluginError> {
    const { most } = this;
    const message =
      bytes > most
        ? `${what} takes ${bytes} bytes, more than the ${most} that may be outstanding`
        : `${what} takes ${bytes} bytes, and ${this.#bytes} of the ${most} that may be outstanding are taken`;
    return [
      'ERR_OUTSTANDING_BYTES',
      message,
      {
        limit: { name: 'maxOutstandingBytes', value: most },
        hint: "Ask for less at once, let go of answers, pass `whenFull: 'wait'`, or raise `maxOutstandingBytes`.",
      },
    ];
  }
}

/** Bytes that a text takes at the most: V8 has two for each unit of one with a single character beyond Latin-1. */
function bytesOfText(text: string): number {
  return 2 * text.length;
}

/** The same of what a plugin answered. */
export function bytesOfAnswer({ output, errorMessage }: PluginResponse): number {
  return bytesOfText(output) + (errorMessage === undefined ? 0 : bytesOfText(errorMessage));
}

/** Bytes that a value takes, about: of what a function returned. */
export function bytesOfValue(value: unknown): number {
  if (typeof value === 'string') return bytesOfText(value);
  if (typeof value !== 'object' || value === null) return 8;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  let bytes = 16;
  for (const item of Array.isArray(value) ? value : Object.values(value)) bytes += 8 + bytesOfValue(item);
  return bytes;
}
