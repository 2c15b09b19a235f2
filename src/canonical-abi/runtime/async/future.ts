import { assertMayCopy, COPY, type Copier } from './copier.ts';
import { SharedEnds } from './shared-ends.ts';

/** `SharedFutureImpl` of the specification. */
export class SharedFuture extends SharedEnds {
  readonly kind = 'future';

  read(reader: Copier): void {
    const writer = this.pending;
    if (writer === undefined) this.pending = reader;
    else this.#copy(writer, reader, reader);
  }

  write(writer: Copier): void {
    const reader = this.pending;
    if (this.dropped) writer.onDone(COPY.dropped);
    else if (reader === undefined) this.pending = writer;
    else this.#copy(writer, reader, writer);
  }

  #copy(writer: Copier, reader: Copier, arrived: Copier): void {
    assertMayCopy(this.plain, writer, reader);
    reader.buffer.write(writer.buffer.read(1, this.boundary), 1, this.boundary);
    this.notify(COPY.completed);
    arrived.onDone(COPY.completed);
  }
}
