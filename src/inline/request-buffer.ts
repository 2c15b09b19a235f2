import { Buffer } from 'node:buffer';
import type { RequestBytes } from '../canonical-abi/runtime/contract.ts';
import type { RequestOptions } from '../contract/values.ts';

const FIRST_BYTES = 4 * 1024;
/** What a larger request needs is let go of after it. */
const KEPT_BYTES = 64 * 1024;
/** Bytes of UTF-8 that a unit of UTF-16 takes at the most. */
const PER_UNIT = 3;

/** Requests as UTF-8, one after the other in the same memory, so that nothing is made for each. */
export class RequestBuffer {
  readonly #request: { -readonly [Key in keyof RequestBytes]: RequestBytes[Key] } = {
    bytes: Buffer.alloc(FIRST_BYTES),
    inputAt: 0,
    inputLength: 0,
    optionsAt: 0,
    optionCount: 0,
  };

  /** @returns The request, which is good until the next one is packed. */
  pack(input: string, options: RequestOptions): RequestBytes {
    const request = this.#request;
    this.#makeRoom(input, options);
    const { bytes } = request;
    let end = bytes.write(input, 0, 'utf8');
    request.inputLength = end;
    request.optionsAt = end;
    request.optionCount = options.length;
    for (const pair of options) {
      for (const text of pair) {
        const length = bytes.write(text, end + 4, 'utf8');
        bytes.writeUInt32LE(length, end);
        end += 4 + length;
      }
    }
    return request;
  }

  #makeRoom(input: string, options: RequestOptions): void {
    let bytes = PER_UNIT * input.length;
    for (const [key, value] of options) bytes += 8 + PER_UNIT * (key.length + value.length);
    const { length } = this.#request.bytes;
    if (bytes > length) this.#request.bytes = Buffer.alloc(Math.max(bytes, 2 * Math.min(length, KEPT_BYTES)));
    else if (length > KEPT_BYTES && bytes <= KEPT_BYTES) this.#request.bytes = Buffer.alloc(FIRST_BYTES);
  }
}
