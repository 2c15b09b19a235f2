import type { FunctionCost } from './function-cost.ts';

/** What TurboFan, the dearer of V8's two compilers, may take for a function at the most. */
interface CompileEstimate {
  readonly bytes: number;
  /** CPU time, on one of V8's own threads, where nothing ends it. */
  readonly seconds: number;
}

/**
 * Each of the numbers is that of the worst code that was found for it, on V8 14 at 2.5 GHz: cascades of phis for branch
 * slots, nested loops for loop slots, `table.get` without end for checks, whose time is quadratic. What compilers emit
 * takes a tenth of it.
 */
function compileEstimate(cost: FunctionCost): CompileEstimate {
  const { slots, loopSlots, instructions, tableEntries, checks, values, loopBytes, references } = cost;
  const branches = cost.edges - tableEntries;
  return {
    bytes:
      300 * slots +
      1_000 * loopSlots +
      1_000 * instructions +
      4_000 * branches +
      1_000 * tableEntries +
      12_000 * checks +
      450 * values +
      18 * references,
    seconds:
      3e-6 * slots +
      6e-6 * loopSlots +
      5e-6 * instructions +
      1e-9 * branches ** 2 +
      3e-5 * tableEntries +
      2.5e-8 * checks ** 2 +
      3e-6 * values +
      1e-8 * loopBytes +
      2.5e-8 * references,
  };
}

/**
 * Up to here the estimate is good enough: V8 compiles four functions at once, which then take no more than 1 GiB
 * together. Beyond it, an interpreter's main loop and an attack look alike.
 */
const ORDINARY: CompileEstimate = { bytes: 256 * 1024 * 1024, seconds: 3 };

/** Whether a function may be compiled in this process without having been tried elsewhere. */
export function isOrdinary(cost: FunctionCost): boolean {
  const { bytes, seconds } = compileEstimate(cost);
  return bytes <= ORDINARY.bytes && seconds <= ORDINARY.seconds;
}
