import type { WireError } from '../errors.ts';
import type { TapeValue } from './values.ts';

/**
 * One call of a function of the host's, and how it ended.
 *
 * @example
 * const names = (recording: Recording) => recording.calls.map(({ name }: HostCallEntry) => name);
 * await engine.loadPlugin('redact', 'redact.wasm', { record: { directory: 'r', when: (one) => names(one).length > 9 } });
 */
export interface HostCallEntry {
  /** As the component imports it: `wasi:clocks/wall-clock#now`. */
  readonly name: string;
  readonly args: readonly TapeValue[];
  /** One of these: what it returned, the `err` of its `result`, or what ended the call of the guest. */
  readonly returned?: TapeValue;
  readonly err?: TapeValue;
  readonly fault?: WireError;
}

/** What the calls of a request were, as far as they are known. */
export interface Tape {
  /** Those by which its instance had come up. */
  readonly start: readonly HostCallEntry[];
  readonly calls: readonly HostCallEntry[];
}

/** What the instances of a definition do with their host calls: take them down, or have them answered from a tape. */
export type TapeOrder =
  | { readonly kind: 'record'; readonly maxBytes: number }
  | { readonly kind: 'play'; readonly tape: Tape; readonly maxBytes: number };

/** What an instance tells the main thread of its host calls, as JSON in an utterance. */
export type TapeMessage =
  /** A request begins, on an instance that has served so many and came up with these calls. */
  | {
      readonly kind: 'begins';
      readonly start: readonly HostCallEntry[];
      readonly served: number;
      readonly gap?: string;
    }
  | { readonly kind: 'call'; readonly entry: HostCallEntry }
  /** From here on calls are missing, and why. */
  | { readonly kind: 'gap'; readonly why: string };
