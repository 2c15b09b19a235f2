/** What became of one mutant. `panicked`: the tools failed, and this process must not use them again. */
export interface Verdict {
  readonly index: number;
  /** `answered`, `stopped` (it ran for too long and was ended), or the code of the error. */
  readonly outcome: string;
  /** What must not happen, if it did. */
  readonly problem?: string;
}

/** What a fuzzing process is told to do: the mutants `first`, `first + step`, … up to `end`. */
export interface Assignment {
  readonly seed: number;
  readonly first: number;
  readonly step: number;
  readonly end: number;
}

/** What a fuzzing process says: before each mutant, that it begins it, so that a crash has a number. */
export type Report =
  | { readonly kind: 'begins'; readonly index: number }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'panicked'; readonly index: number };
