import type { FlatValue } from '../flat-value.ts';
import { lowerArguments, okOrThrow } from '../functions.ts';
import type { Passing } from '../passing.ts';
import type { AsyncLift } from './async-lift.ts';
import { begin } from './lift.ts';
import { PendingTrap, settledError } from './pending-trap.ts';
import { nextReady } from './ready.ts';
import type { Task } from './task.ts';
import type { Step } from './thread.ts';

/**
 * `Store.invoke`: a function of a component as the host calls it, where calls may wait for each other.
 *
 * @returns a function that gives a promise if its function is async, and if its component was busy or had to wait.
 */
export function invokedByHost(lift: AsyncLift): (...values: unknown[]) => unknown {
  const { cx, passing, isAsync } = lift;
  const lifted = { ...lift, passing: checked(passing) };
  const { store, instance } = cx;
  const { invocations, waiting } = store.scheduler!;
  const start = (values: readonly unknown[]): Started => {
    let outcome: Outcome;
    const { task, step } = begin(
      lifted,
      () => values,
      (resolved) => {
        outcome = resolved;
      },
      undefined,
    );
    return { task, step, outcome: () => outcome };
  };
  const value = (outcome: Outcome): unknown => {
    store.rethrow();
    return passing.fallible ? okOrThrow(outcome!.result) : outcome!.result;
  };
  const later = async ({ task, step, outcome }: Started): Promise<unknown> => {
    await step;
    // What a task does after it has returned is done before the next call, as far as it can be.
    await invocations.until(() => task.resolved && (task.threads.size === 0 || nextReady(waiting) === undefined));
    return outcome();
  };
  const failed = async (error: unknown): Promise<never> => {
    const reason = await settledError(error);
    store.poison(instance, reason);
    throw reason;
  };
  const call = async (values: readonly unknown[]) => later(await invocations.between(() => start(values)));
  if (isAsync) {
    return async (...values) => {
      const outcome = await call(values).catch(failed);
      return value(outcome as Outcome);
    };
  }
  return (...values) => {
    let started: Started;
    try {
      started = start(values);
    } catch (error) {
      if (error instanceof PendingTrap) return failed(error);
      store.poison(instance, error);
      throw error;
    }
    if (started.step === undefined && started.task.resolved) return value(started.outcome());
    return later(started)
      .catch(failed)
      .then((outcome) => value(outcome as Outcome));
  };
}

type Outcome = { readonly result: unknown } | undefined;

interface Started {
  readonly task: Task;
  readonly step: Step;
  outcome(): Outcome;
}

/** The arguments of the host's are not yet known to fit. */
function checked(passing: Passing): Passing {
  return { ...passing, lowerParams: (cx, values): FlatValue[] => lowerArguments(cx, passing, values) };
}
