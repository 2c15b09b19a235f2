import type { Buffer } from 'node:buffer';
import type { FileRecord } from '../file/record.ts';

/** Turns the bytes of an input into records, a chunk at a time. */
export interface RecordDecoder {
  /** Takes the next chunk; all records of the one before have been taken out. */
  push(chunk: Buffer): void | Promise<void>;
  /** There is no more. */
  end(): void | Promise<void>;
  /** The next record of the last chunk; undefined when another chunk is needed. */
  next(): FileRecord | undefined;
}
