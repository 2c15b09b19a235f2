import type { Boundary } from '../codec.ts';
import type { Buffer } from './buffer.ts';
import { assertMayCopy, COPY, type Copier, type CopyResult } from './copier.ts';

/** `SharedStreamImpl` of the specification: what the two ends of a stream have in common. */
export class SharedStream {
  readonly kind = 'stream';
  /** The type of the stream: an index, so that equal types are equal numbers. */
  readonly type: number;
  /** Whether its elements may pass within one component: numbers, or nothing. */
  readonly plain: boolean;
  /** Whose values pass: `host` from when one end is the host's. */
  boundary: Boundary = 'guest';
  dropped = false;
  #pending: Copier | undefined;

  constructor(type: number, plain: boolean) {
    this.type = type;
    this.plain = plain;
  }

  cancel(): void {
    this.#notify(COPY.cancelled);
  }

  drop(): void {
    if (this.dropped) return;
    this.dropped = true;
    if (this.#pending !== undefined) this.#notify(COPY.dropped);
  }

  read(reader: Copier): void {
    const writer = this.#opposite(reader);
    if (writer === undefined) return;
    if (writer.buffer.remain > 0) {
      this.#copy(writer.buffer, reader.buffer, writer);
      reader.onDone(COPY.completed);
      return;
    }
    this.#notify(COPY.completed);
    this.#pending = reader;
  }

  write(writer: Copier): void {
    const reader = this.#opposite(writer);
    if (reader === undefined) return;
    if (reader.buffer.remain > 0) {
      this.#copy(writer.buffer, reader.buffer, reader);
      writer.onDone(COPY.completed);
    } else if (writer.buffer.isZeroLength && reader.buffer.isZeroLength) {
      writer.onDone(COPY.completed);
    } else {
      this.#notify(COPY.completed);
      this.#pending = writer;
    }
  }

  /** Who waits at the other end. Without anybody, it is this one who waits. */
  #opposite(copier: Copier): Copier | undefined {
    if (this.dropped) {
      copier.onDone(COPY.dropped);
      return undefined;
    }
    const pending = this.#pending;
    if (pending === undefined) this.#pending = copier;
    else assertMayCopy(this.plain, pending, copier);
    return pending;
  }

  #copy(from: Buffer, to: Buffer, waiting: Copier): void {
    const count = Math.min(from.remain, to.remain);
    if (count === 0) return;
    to.write(from.read(count, this.boundary), count, this.boundary);
    waiting.onCopy(() => {
      if (this.#pending === waiting) this.#pending = undefined;
    });
  }

  #notify(result: CopyResult): void {
    const pending = this.#pending!;
    this.#pending = undefined;
    pending.onDone(result);
  }
}
