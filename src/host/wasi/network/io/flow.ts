import type { Readable } from 'node:stream';
import { WINDOW_BYTES } from '../limits.ts';
import type { Post } from './task.ts';

/** What is read from a connection on behalf of the guest. */
export interface Inflow {
  /** The guest took this many bytes, and as many more may come. */
  taken(bytes: number): void;
  /** Whether it is the guest that does not read. */
  readonly held: boolean;
}

/** Passes on what a stream brings, and stops reading while the guest has a whole window of it waiting. */
export function inflow(stream: Readable, post: Post, onData: (bytes: number) => void = () => {}): Inflow {
  let window = WINDOW_BYTES;
  stream.on('data', (chunk: Buffer) => {
    window -= chunk.length;
    if (window <= 0) stream.pause();
    // A copy: a chunk may be a part of a buffer that is shared with others.
    post({ kind: 'data', bytes: new Uint8Array(chunk) });
    onData(chunk.length);
  });
  return {
    taken(bytes) {
      window += bytes;
      if (window > 0 && stream.isPaused()) stream.resume();
    },
    get held() {
      return stream.isPaused();
    },
  };
}
