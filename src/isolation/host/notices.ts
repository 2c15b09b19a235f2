import { Buffer } from 'node:buffer';
import type { Readable } from 'node:stream';
import { BATCH_BEGINS, TAKEN_BACK } from '../wire/messages.ts';

/** What a child tells of its requests, in the moment. */
export interface NoticeListener {
  /** It goes to a thread: it may begin. */
  readonly onHandedOut: (request: number) => void;
  /** It had not begun, and was taken back. */
  readonly onTakenBack: (request: number) => void;
  /** It is the first of a batch of so many. */
  readonly onBatch: (request: number, size: number) => void;
}

const WORD_BYTES = 4;

/** Reads the notices of a child: words of 32 bits, of which what comes in may cut one in two. */
export function readNotices(stream: Readable, { onHandedOut, onTakenBack, onBatch }: NoticeListener): void {
  let rest: Buffer = Buffer.alloc(0);
  let size = 0;
  stream.on('error', () => {});
  stream.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const words = Math.floor(bytes.length / WORD_BYTES);
    for (let index = 0; index < words; index++) {
      // As the child's processor writes them, which is this one's.
      const word = NATIVE_LITTLE ? bytes.readUInt32LE(index * WORD_BYTES) : bytes.readUInt32BE(index * WORD_BYTES);
      if (word >= TAKEN_BACK) onTakenBack(word - TAKEN_BACK);
      else if (word >= BATCH_BEGINS) size = word - BATCH_BEGINS;
      else {
        if (size > 0) onBatch(word, size);
        size = 0;
        onHandedOut(word);
      }
    }
    rest = bytes.subarray(words * WORD_BYTES);
  });
}

const NATIVE_LITTLE = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
