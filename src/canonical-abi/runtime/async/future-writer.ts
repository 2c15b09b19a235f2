import type { Buffer } from './buffer.ts';
import { COPY, type Copier, type CopyResult } from './copier.ts';
import type { SharedFuture } from './future.ts';
import { type HostEnd, never } from './host-end.ts';
import type { SharedStream } from './stream.ts';

/** The writable end of a future, as the host has it. */
export class FutureWriter<Value> implements Copier, HostEnd {
  readonly kind = 'future';
  readonly instance = undefined;
  readonly buffer: Buffer;
  #shared: SharedFuture | undefined;
  #outcome: { readonly value: Value } | undefined;
  readonly #unread: (value: Value) => void;

  /** @param unread Gets a value that the guest does not want. */
  constructor(unread: (value: Value) => void = () => {}) {
    this.#unread = unread;
    this.buffer = { remain: 1, isZeroLength: false, read: () => [this.#outcome!.value], write: never };
  }

  connect(shared: SharedStream | SharedFuture): void {
    this.#shared = shared as SharedFuture;
    if (this.#outcome !== undefined) this.#shared.write(this);
  }

  /** Gives it its value, the first time. */
  write(value: Value): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = { value };
    this.#shared?.write(this);
  }

  onCopy(): void {}

  onDone(result: CopyResult): void {
    if (result !== COPY.completed) this.#unread(this.#outcome!.value);
  }
}
