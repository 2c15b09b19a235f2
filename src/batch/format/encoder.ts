import type { Buffer } from 'node:buffer';

/**
 * Makes what a file holds of lines of results: those that a run writes are JSONL, and a format other than that is made
 * of them where they are written, a block at a time.
 */
export interface ResultEncoder {
  /** What stands in front of all results. */
  begin(): Buffer | Promise<Buffer>;
  /** A block of results, given as whole lines. */
  encode(lines: Buffer): Buffer | Promise<Buffer>;
  /** What comes after them. */
  end(): Buffer | Promise<Buffer>;
}
