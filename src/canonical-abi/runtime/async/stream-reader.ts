import type { Buffer } from './buffer.ts';
import { COPY, type Copier, type CopyResult } from './copier.ts';
import type { Chunk } from './elements.ts';
import { never } from './host-end.ts';
import type { SharedStream } from './stream.ts';

/** Where the elements go that a guest writes. What these throw ends the call of the guest's. */
export interface ElementSink {
  /** How many it takes now. */
  room(): number;
  /** Takes some, no more than there is room for. The bytes of numbers are the guest's memory, and good for this call. */
  take(elements: Chunk, count: number): void;
  /** The guest writes, and there is no room: `read` is called again when there is. */
  full(): void;
  /** The guest writes no more. */
  ended(): void;
}

/** The readable end of a stream, as the host has it: how fast its sink takes is how fast the guest writes. */
export class StreamReader implements Copier {
  readonly instance = undefined;
  readonly buffer: Buffer;
  readonly #shared: SharedStream;
  readonly #sink: ElementSink;
  #state: 'idle' | 'reading' | 'over' = 'idle';
  #copies = false;

  constructor(shared: SharedStream, sink: ElementSink) {
    this.#shared = shared;
    this.#sink = sink;
    const { onDrop } = shared;
    shared.onDrop = () => {
      onDrop();
      this.#ended();
    };
    this.buffer = {
      get remain() {
        return sink.room();
      },
      isZeroLength: false,
      read: never,
      write: (elements, count) => sink.take(elements, count),
    };
  }

  /** Takes what the guest writes, for as long as there is room. */
  read(): void {
    this.#copies = true;
    while (this.#state === 'idle' && this.#sink.room() > 0) {
      this.#state = 'reading';
      this.#shared.read(this);
    }
    this.#copies = false;
    if (this.#state === 'idle') this.#sink.full();
  }

  /** Reads no more, of which the guest hears. */
  drop(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#shared.drop();
  }

  /** The end stays where it is: the guest may write on. */
  onCopy(): void {}

  onDone(result: CopyResult): void {
    if (this.#state !== 'reading') return;
    if (result === COPY.completed) {
      this.#state = 'idle';
      if (!this.#copies) this.#sink.full();
    } else this.#ended();
  }

  #ended(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#sink.ended();
  }
}
