import type { ChannelEvent, ChannelMessage } from '../protocol.ts';

/** What the I/O thread does for one channel. */
export interface Task {
  handle(message: ChannelMessage): void;
  /** Lets go of everything. `gently`: what was written may still leave, for a moment. */
  close(how: 'gently' | 'at once'): void;
}

/** Tells the worker what happens to a channel; the bytes are moved, not copied. */
export type Post = (event: ChannelEvent) => void;
