/** Bytes, and the same memory four at a time, from an address that is a multiple of four. */
export interface WordedBytes {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

export function worded(bytes: Uint8Array): WordedBytes {
  // What is not aligned is gone through byte by byte.
  const length = bytes.byteOffset % 4 === 0 ? bytes.length >> 2 : 0;
  return { bytes, words: new Int32Array(bytes.buffer, length === 0 ? 0 : bytes.byteOffset, length) };
}

const ONES = 0x01010101;
const HIGH = 0x80808080 | 0;
const SPACES = 0x20202020;
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;

/** Where the first byte is that a string of JSON does not hold as it is: a quote, a backslash or a control character. */
export function plainUntil({ bytes, words }: WordedBytes, from: number, end: number): number {
  let at = from;
  // To the next multiple of four.
  for (const aligned = Math.min((from + 3) & ~3, end); at < aligned; at++) if (isSpecial(bytes[at]!)) return at;
  // A byte is found by the borrow that it leaves behind (Warren, "Hacker's Delight", 6-1); rarely one is that is not there.
  const last = Math.min(end >> 2, words.length);
  for (let word = at >> 2; word < last; word++) {
    const four = words[word]!;
    const quote = four ^ QUOTES;
    const backslash = four ^ BACKSLASHES;
    const found = ((four - SPACES) & ~four) | ((quote - ONES) & ~quote) | ((backslash - ONES) & ~backslash);
    at = word << 2;
    if ((found & HIGH) === 0) {
      at += 4;
      continue;
    }
    for (let index = at; index < at + 4; index++) if (isSpecial(bytes[index]!)) return index;
    at += 4;
  }
  for (; at < end; at++) if (isSpecial(bytes[at]!)) return at;
  return end;
}

function isSpecial(byte: number): boolean {
  return byte < 0x20 || byte === 0x22 || byte === 0x5c;
}
