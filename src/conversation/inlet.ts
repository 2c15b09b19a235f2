import { type CallerWords, STREAM_WINDOW_BYTES } from './messages.ts';
import type { ByteSource } from './source.ts';

/** Bytes of one message: a chunk of any length is cut, as the guest's side keeps what it got. */
const PIECE_BYTES = 64 * 1024;

/** Brings what a caller has for a guest to read, no faster than it is read. */
export class Inlet {
  readonly #source: ByteSource;
  readonly #onFailure: (error: unknown) => void;
  #room = STREAM_WINDOW_BYTES;
  #onRoom: (() => void) | undefined;
  #state: 'waiting' | 'open' | 'over' = 'waiting';

  /** @param onFailure Hears, once, what the source failed with. */
  constructor(source: ByteSource, onFailure: (error: unknown) => void) {
    this.#source = source;
    this.#onFailure = onFailure;
  }

  /** The guest is there. */
  open(post: (words: CallerWords, transfer?: readonly ArrayBuffer[]) => void): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'open';
    this.#pass(post).catch((error: unknown) => {
      if (this.#state === 'over') return;
      this.close();
      this.#onFailure(error);
    });
  }

  taken(amount: number): void {
    this.#room += amount;
    this.#onRoom?.();
  }

  /** The guest reads no more. */
  close(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#onRoom?.();
    this.#source.cancel();
  }

  get #isOver(): boolean {
    return this.#state === 'over';
  }

  async #pass(post: (words: CallerWords, transfer?: readonly ArrayBuffer[]) => void): Promise<void> {
    for (let chunk = await this.#source.next(); chunk !== undefined; chunk = await this.#source.next()) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        while (this.#room <= 0 && !this.#isOver) await this.#roomAgain();
        if (this.#isOver) return;
        // A copy, which moves: the caller's bytes stay the caller's.
        const bytes = new Uint8Array(chunk.subarray(at, at + PIECE_BYTES));
        this.#room -= bytes.length;
        post({ kind: 'data', bytes }, [bytes.buffer]);
      }
      if (this.#isOver) return;
    }
    if (this.#isOver) return;
    this.#state = 'over';
    post({ kind: 'end' });
  }

  #roomAgain(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = () => {
        this.#onRoom = undefined;
        resolve();
      };
    });
  }
}
