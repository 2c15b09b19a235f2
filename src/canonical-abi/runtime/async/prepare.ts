import type { LiftLowerContext } from '../context.ts';
import type { CoreFunction, FlatValue } from '../flat-value.ts';
import type { CoreType } from '../passing.ts';
import type { GuestFunction } from './guest-function.ts';
import { onOwnStack } from './stack-switching.ts';

/**
 * A core function for a thread to run.
 *
 * @param cx Of the function that is lifted.
 */
export function guestFunction(
  core: CoreFunction,
  type: CoreType,
  { store, instance }: LiftLowerContext,
): GuestFunction {
  if (!instance.mayWait) return { core, onOwnStack: undefined };
  const { scheduler } = store;
  const done = (value: FlatValue | undefined): void => {
    scheduler!.current!.returned = { value };
  };
  return { core, onOwnStack: onOwnStack(core, type, done) };
}
