import type { CoreFunction, FlatValue } from '../flat-value.ts';

/** A core function of a guest, as a thread runs it. */
export interface GuestFunction {
  readonly core: CoreFunction;
  /** The same on a stack of its own; undefined where it calls nothing for which it might have to wait. */
  readonly onOwnStack: ((...flat: FlatValue[]) => Promise<unknown>) | undefined;
}
