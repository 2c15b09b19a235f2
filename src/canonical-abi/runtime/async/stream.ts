import type { Buffer } from './buffer.ts';
import { assertMayCopy, COPY, type Copier } from './copier.ts';
import { SharedEnds } from './shared-ends.ts';

/** `SharedStreamImpl` of the specification. */
export class SharedStream extends SharedEnds {
  readonly kind = 'stream';

  read(reader: Copier): void {
    const writer = this.#opposite(reader);
    if (writer === undefined) return;
    if (writer.buffer.remain > 0) {
      this.#copy(writer.buffer, reader.buffer, writer);
      reader.onDone(COPY.completed);
      return;
    }
    this.notify(COPY.completed);
    this.pending = reader;
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
      this.notify(COPY.completed);
      this.pending = writer;
    }
  }

  /** Who waits at the other end. Without anybody, it is this one who waits. */
  #opposite(copier: Copier): Copier | undefined {
    if (this.dropped) {
      copier.onDone(COPY.dropped);
      return undefined;
    }
    const pending = this.pending;
    if (pending === undefined) this.pending = copier;
    else assertMayCopy(this.plain, pending, copier);
    return pending;
  }

  #copy(from: Buffer, to: Buffer, waiting: Copier): void {
    const count = Math.min(from.remain, to.remain);
    if (count === 0) return;
    to.write(from.read(count, this.boundary), count, this.boundary);
    waiting.onCopy(() => {
      if (this.pending === waiting) this.pending = undefined;
    });
  }
}
