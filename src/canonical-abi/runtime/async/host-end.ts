import type { Chunk } from './elements.ts';
import type { SharedFuture } from './future.ts';
import type { SharedStream } from './stream.ts';

/** A stream or a future that the host gives to a guest: it learns what it shares with the guest when it is lowered. */
export interface HostEnd {
  readonly kind: 'stream' | 'future';
  connect(shared: SharedStream | SharedFuture): void;
}

/** Elements from one place of a chunk on, as many as asked for. */
export function part(chunk: Chunk, from: number, count: number): Chunk {
  return chunk instanceof Uint8Array ? chunk.subarray(from, from + count) : chunk.slice(from, from + count);
}

/** What a buffer never has to do that is only read, or only written. */
export function never(): never {
  throw new Error('a copy went the wrong way');
}
