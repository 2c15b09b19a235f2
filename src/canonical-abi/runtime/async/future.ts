import type { Boundary } from '../codec.ts';
import { assertMayCopy, COPY, type Copier, type CopyResult } from './copier.ts';

/** `SharedFutureImpl` of the specification. */
export class SharedFuture {
  readonly kind = 'future';
  readonly type: number;
  readonly plain: boolean;
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
    const writer = this.#pending;
    if (writer === undefined) this.#pending = reader;
    else this.#copy(writer, reader, reader);
  }

  write(writer: Copier): void {
    const reader = this.#pending;
    if (this.dropped) writer.onDone(COPY.dropped);
    else if (reader === undefined) this.#pending = writer;
    else this.#copy(writer, reader, writer);
  }

  #copy(writer: Copier, reader: Copier, arrived: Copier): void {
    assertMayCopy(this.plain, writer, reader);
    reader.buffer.write(writer.buffer.read(1, this.boundary), 1, this.boundary);
    this.#notify(COPY.completed);
    arrived.onDone(COPY.completed);
  }

  #notify(result: CopyResult): void {
    const pending = this.#pending!;
    this.#pending = undefined;
    pending.onDone(result);
  }
}
