import type { CallerWords, GuestWords } from './messages.ts';

/** The guest's side of a conversation: the thread may block between two looks. */
export interface CallerLine {
  /** Changes when the caller has said something: the word to sleep on. */
  readonly word: Int32Array<SharedArrayBuffer>;
  say(words: GuestWords, transfer?: readonly ArrayBuffer[]): void;
  /** Passes on what was said since the last time. */
  take(listener: (words: CallerWords) => void): void;
}
