import type { Literals } from '../../fixtures/literals.ts';

/**
 * What the guest does for a line that begins with a word: WAT that says how it went with `$succeed`, `$fail` or `$say`.
 * The words of the line are `$word`, `$number`, `$big` and `$handle`; `$h`, `$i`, `$j` and `$k` (i64) are free.
 */
export type Calls = Readonly<Record<string, (text: Literals) => string>>;

/** Where results of the host's functions are put. */
export const RETURNED = 256;
