import type { Buffer } from './buffer.ts';
import { COPY, type Copier, type CopyResult } from './copier.ts';
import type { Chunk } from './elements.ts';
import type { SharedFuture } from './future.ts';
import { type HostEnd, never, part } from './host-end.ts';
import type { SharedStream } from './stream.ts';

/** Where the elements come from that a guest reads. */
export interface ElementSource {
  /** The next elements: undefined when there are none now, and `ended` when there will be no more. */
  next(): Chunk | 'ended' | undefined;
  /** The guest wants elements: `write` is to be called when there may be some, and not before this has returned. */
  wanted(): void;
  /** The guest reads no more. */
  dropped(): void;
}

/**
 * The writable end of a stream, as the host has it. Nothing is asked of its source before the guest reads; from then on
 * it has one chunk ahead.
 */
export class StreamWriter implements Copier, HostEnd {
  readonly kind = 'stream';
  readonly instance = undefined;
  readonly buffer: Buffer;
  readonly #source: ElementSource;
  #shared: SharedStream | undefined;
  #chunk: Chunk = [];
  #taken = 0;
  #state: 'offered' | 'wanted' | 'over' = 'wanted';
  #copies = false;

  constructor(source: ElementSource) {
    this.#source = source;
    const remain = (): number => this.#chunk.length - this.#taken;
    this.buffer = {
      get remain() {
        return remain();
      },
      isZeroLength: false,
      read: (count) => {
        const from = this.#taken;
        this.#taken += count;
        return part(this.#chunk, from, count);
      },
      write: never,
    };
  }

  /** One that has nothing. */
  static ended(): StreamWriter {
    const writer = new StreamWriter({ next: () => 'ended', wanted() {}, dropped() {} });
    writer.#state = 'over';
    return writer;
  }

  connect(shared: SharedStream | SharedFuture): void {
    if (this.#state === 'over') {
      shared.drop();
      return;
    }
    this.#shared = shared as SharedStream;
    shared.onDrop = () => this.#dropped();
    this.#offer();
  }

  /** Passes on what its source has, until the guest has enough of it. */
  write(): void {
    this.#copies = true;
    while (this.#state === 'wanted' && this.#hasMore()) this.#offer();
    this.#copies = false;
  }

  onCopy(): void {}

  onDone(result: CopyResult): void {
    if (this.#state !== 'offered') return;
    if (result === COPY.completed) {
      this.#state = 'wanted';
      if (!this.#copies) this.#source.wanted();
    } else this.#dropped();
  }

  #dropped(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#source.dropped();
  }

  #hasMore(): boolean {
    if (this.buffer.remain > 0) return true;
    const next = this.#source.next();
    if (next === undefined) return false;
    if (next === 'ended') {
      this.#state = 'over';
      this.#shared!.drop();
      return false;
    }
    this.#chunk = next;
    this.#taken = 0;
    return true;
  }

  /** Also without elements: then it hears when the guest wants some. */
  #offer(): void {
    this.#state = 'offered';
    this.#shared!.write(this);
  }
}
