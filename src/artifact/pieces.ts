import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

/*
 * Work on megabytes that Node can only do on the thread that asks for it: a copy of 1 MiB takes up to a millisecond,
 * its hash two. So that a large component holds the main thread no longer than a small one, it is done in pieces.
 */

/** Bytes that are copied at once. */
const COPY_BYTES = 4 * 1024 * 1024;
/** Bytes that are hashed at once. */
const HASH_BYTES = 1024 * 1024;
/** Up to here Web Crypto is better, which copies all of it at once and hashes it on a thread of Node's own pool. */
const SMALL_BYTES = 8 * 1024 * 1024;

/** Copies bytes to a place in others; the thread does other things in between. */
export async function copyInPieces(from: Uint8Array, to: Uint8Array, at = 0): Promise<void> {
  for (let done = 0; done < from.length; done += COPY_BYTES) {
    if (done > 0) await setImmediate();
    to.set(from.subarray(done, done + COPY_BYTES), at + done);
  }
}

/** SHA-256 without holding the thread for long (invariant 5). */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Buffer> {
  if (bytes.length <= SMALL_BYTES) return Buffer.from(await crypto.subtle.digest('SHA-256', bytes));
  const hash = createHash('sha256');
  for (let done = 0; done < bytes.length; done += HASH_BYTES) {
    if (done > 0) await setImmediate();
    hash.update(bytes.subarray(done, done + HASH_BYTES));
  }
  return hash.digest();
}
