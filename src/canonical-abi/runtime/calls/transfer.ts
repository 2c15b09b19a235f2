import type { Layout } from '../../plan/layout.ts';
import type { LiftLowerContext } from '../context.ts';
import type { FlatValue } from '../flat-value.ts';
import type { Wire, WireSink } from './wire.ts';

/**
 * How values of one type pass between a {@link Wire} and a guest without being anything in between. Who has a value copies
 * its bytes, `layout.size` of them; the rest is what those bytes point to, and what may be wrong with them.
 */
export interface Transfer {
  readonly layout: Layout;
  /** Brings along what a value at `from` points to, whose bytes the guest has at `to`; undefined when it points to nothing. */
  readonly bring: ((cx: LiftLowerContext, wire: Wire, from: number, to: number) => void) | undefined;
  /**
   * Checks a value of the guest whose bytes the sink has at `at`, and takes along what it points to; undefined when any
   * bytes are a value that points to nothing.
   */
  readonly take: ((cx: LiftLowerContext, sink: WireSink, at: number) => void) | undefined;
  /** Flattens a value at `from` into `flat` from `at` on. */
  lower(cx: LiftLowerContext, wire: Wire, from: number, flat: FlatValue[], at: number): void;
}
