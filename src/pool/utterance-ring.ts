import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import { LOG_LEVELS, type Utterance } from '../contract/values.ts';

const DATA_BYTES = 256 * 1024;
const HEAD = 0;
const TAIL = 1;
const DATA_AT = 64;
/** Kind, slot, and the lengths of two texts. */
const FRAME_BYTES = 16;
const EVENT = LOG_LEVELS.length;
const TAPE = EVENT + 1;
/** How long a guest that talks faster than the main thread listens is held before it gets an error. */
const BACKPRESSURE_MS = 250;

/**
 * A single-producer, single-consumer ring of bytes by which a worker passes on what its guests log and emit. Its size
 * bounds what a flood can occupy (invariant 10): a full ring holds the guest back until the main thread has read.
 * Unlike posted messages, what stands in it can be read the moment before a worker is killed.
 */
export class UtteranceRing {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Buffer;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(DATA_AT + DATA_BYTES)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, DATA_AT / Int32Array.BYTES_PER_ELEMENT);
    this.#bytes = Buffer.from(buffer, DATA_AT);
  }

  /** Bytes that wait to be read. Head and tail only ever grow, modulo 2³². */
  get size(): number {
    return (Atomics.load(this.#words, HEAD) - Atomics.load(this.#words, TAIL)) >>> 0;
  }

  /**
   * Worker: appends an utterance. Waits for room, after `wake` has asked the main thread to make some.
   *
   * @returns false when there was no room in time, or never can be.
   */
  write(slot: number, utterance: Utterance, wake: () => void): boolean {
    const [kind, first, second] =
      utterance.kind === 'log'
        ? [LOG_LEVELS.indexOf(utterance.level), utterance.message, '']
        : utterance.kind === 'event'
          ? [EVENT, utterance.type, utterance.payload]
          : [TAPE, utterance.text, ''];
    const frame = Buffer.allocUnsafe(FRAME_BYTES + Buffer.byteLength(first) + Buffer.byteLength(second));
    const firstLength = frame.write(first, FRAME_BYTES, 'utf8');
    const secondLength = frame.write(second, FRAME_BYTES + firstLength, 'utf8');
    frame.writeInt32LE(kind, 0);
    frame.writeInt32LE(slot, 4);
    frame.writeInt32LE(firstLength, 8);
    frame.writeInt32LE(secondLength, 12);
    if (!this.#waitForRoom(frame.length, wake)) return false;
    const head = Atomics.load(this.#words, HEAD);
    const at = (head >>> 0) % DATA_BYTES;
    const untilEnd = Math.min(frame.length, DATA_BYTES - at);
    frame.copy(this.#bytes, at, 0, untilEnd);
    frame.copy(this.#bytes, 0, untilEnd);
    Atomics.store(this.#words, HEAD, (head + frame.length) | 0);
    return true;
  }

  /** Main thread: hands over everything that waits, in order. */
  drain(listener: (slot: number, utterance: Utterance) => void): void {
    // Counted anew each time: a listener may come back here.
    while (this.size > 0) {
      const tail = Atomics.load(this.#words, TAIL);
      const header = this.#read(tail, FRAME_BYTES);
      const kind = header.readInt32LE(0);
      const slot = header.readInt32LE(4);
      const firstLength = header.readInt32LE(8);
      const secondLength = header.readInt32LE(12);
      const text = this.#read(tail + FRAME_BYTES, firstLength + secondLength);
      const first = text.toString('utf8', 0, firstLength);
      const length = FRAME_BYTES + firstLength + secondLength;
      Atomics.store(this.#words, TAIL, (tail + length) | 0);
      Atomics.notify(this.#words, TAIL);
      if (kind === EVENT) listener(slot, { kind: 'event', type: first, payload: text.toString('utf8', firstLength) });
      else if (kind === TAPE) listener(slot, { kind: 'tape', text: first });
      else listener(slot, { kind: 'log', level: LOG_LEVELS[kind] ?? 'debug', message: first });
    }
  }

  #waitForRoom(bytes: number, wake: () => void): boolean {
    if (bytes > DATA_BYTES) return false;
    const deadline = performance.now() + BACKPRESSURE_MS;
    for (;;) {
      const tail = Atomics.load(this.#words, TAIL);
      if (DATA_BYTES - this.size >= bytes) return true;
      const left = deadline - performance.now();
      if (left <= 0) return false;
      wake();
      Atomics.wait(this.#words, TAIL, tail, left);
    }
  }

  #read(position: number, length: number): Buffer {
    const at = (position >>> 0) % DATA_BYTES;
    const untilEnd = Math.min(length, DATA_BYTES - at);
    const copy = Buffer.allocUnsafe(length);
    this.#bytes.copy(copy, 0, at, at + untilEnd);
    this.#bytes.copy(copy, untilEnd, 0, length - untilEnd);
    return copy;
  }
}
