import type { Boundary } from '../codec.ts';
import type { LiftLowerContext } from '../context.ts';
import type { GuestMemory } from '../memory.ts';
import type { Passing } from '../passing.ts';
import type { Elements } from './elements.ts';

/** What a built-in does; where the guest is told nothing, it returns what it likes. */
export type Operation = (...operands: number[]) => unknown;

/** What built-ins need that only some have. */
export interface BuiltInParts {
  readonly memories: readonly GuestMemory[];
  readonly contexts: readonly LiftLowerContext[];
  /** How the result of a task passes to `task.return`: as the only parameter. */
  passingOfResult(type: number | undefined, boundary: Boundary): Passing;
  elementsOf(type: number): Elements;
}

/** `BLOCKED` of the specification, as an i32. */
export const BLOCKED = -1;
