import { Buffer } from 'node:buffer';

/** A stretch of shared memory that is written from its beginning, and what did not fit into it. */
export class Region {
  readonly bytes: Buffer;
  /** Where the next byte goes. What is not published yet may be taken back by setting it. */
  end = 0;
  /** Of one record: it goes by message, and is the last one of its order. */
  overflow: Buffer | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get room(): number {
    return this.bytes.length - this.end;
  }

  reset(): void {
    this.end = 0;
    this.overflow = undefined;
  }

  /** Adds bytes, here or to what did not fit. */
  add(bytes: Uint8Array): void {
    if (this.overflow === undefined && bytes.length <= this.room) {
      this.bytes.set(bytes, this.end);
      this.end += bytes.length;
    } else this.overflow = Buffer.concat([this.overflow ?? Buffer.alloc(0), bytes]);
  }

  /** The same for text. */
  addText(text: string): void {
    if (this.overflow === undefined && text.length * 3 <= this.room)
      this.end += this.bytes.write(text, this.end, 'utf8');
    else this.add(Buffer.from(text));
  }
}
