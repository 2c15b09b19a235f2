import type { Boundary } from '../codec.ts';
import { COPY, type Copier, type CopyResult } from './copier.ts';

/** What the two ends of a stream or a future have in common (`SharedStreamImpl` and `SharedFutureImpl` of the specification). */
export abstract class SharedEnds {
  /** The type of the stream or future: an index, so that equal types are equal numbers. */
  readonly type: number;
  /** Whether its elements may pass within one component: numbers, or nothing. */
  readonly plain: boolean;
  /** Whose values pass: `host` from when one end is the host's. */
  boundary: Boundary = 'guest';
  dropped = false;
  /** Has the host's ends hear that one is gone, also while they do not copy. */
  onDrop: () => void = () => {};
  /** Who waits for the other end. */
  protected pending: Copier | undefined;

  constructor(type: number, plain: boolean) {
    this.type = type;
    this.plain = plain;
  }

  cancel(): void {
    this.notify(COPY.cancelled);
  }

  drop(): void {
    if (this.dropped) return;
    this.dropped = true;
    if (this.pending !== undefined) this.notify(COPY.dropped);
    this.onDrop();
  }

  abstract read(reader: Copier): void;
  abstract write(writer: Copier): void;

  /** Tells who waits, who waits no longer. */
  protected notify(result: CopyResult): void {
    const pending = this.pending!;
    this.pending = undefined;
    pending.onDone(result);
  }
}
