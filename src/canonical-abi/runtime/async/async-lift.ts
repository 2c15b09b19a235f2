import type { Boundary } from '../codec.ts';
import type { ComponentInstance } from '../component-instance.ts';
import type { LiftLowerContext } from '../context.ts';
import type { CoreFunction } from '../flat-value.ts';
import type { Passing } from '../passing.ts';
import type { GuestFunction } from './guest-function.ts';

/** A function that `canon lift` made, in a component whose calls may wait for each other. */
export interface AsyncLift {
  readonly func: GuestFunction;
  /** What is called for each event. */
  readonly callback: GuestFunction | undefined;
  /** Whether it says by `task.return` what it returns. */
  readonly returnsByBuiltIn: boolean;
  /** Whether it may return to its caller before it is done. */
  readonly isAsync: boolean;
  /** The type of its result: an index, so that equal types are equal numbers. */
  readonly resultType: number | undefined;
  readonly cx: LiftLowerContext;
  readonly postReturn: CoreFunction | undefined;
  /** The component instances that a call enters. */
  readonly entering: readonly ComponentInstance[];
  /** How values pass between JavaScript and the callee. */
  readonly passing: Passing;
  /** Whose JavaScript it is. */
  readonly boundary: Boundary;
}
