import type { FlatValue } from '../flat-value.ts';
import { lowerArguments, okOrThrow } from '../functions.ts';
import type { Passing } from '../passing.ts';
import type { AsyncLift } from './async-lift.ts';
import { begin } from './lift.ts';
import { PendingTrap, settledError } from './pending-trap.ts';
import { deadlock, nextReady } from './ready.ts';
import type { Task } from './task.ts';
import type { Step } from './thread.ts';

/**
 * `Store.invoke`: a function of a component as the host calls it, where calls may wait for each other.
 *
 * @returns a function that gives a promise if its function is async, and if its component was busy or had to wait.
 */
export function invokedByHost(lift: AsyncLift): (...values: unknown[]) => unknown {
  const { start, value, goesOn } = hostCalls(lift);
  const { store, instance } = lift.cx;
  const { invocations } = store.scheduler!;
  const later = async (started: Started): Promise<unknown> => {
    await started.step;
    await invocations.until(() => started.task.resolved && !goesOn(started.task));
    return started.outcome();
  };
  const failed = async (error: unknown): Promise<never> => {
    const reason = await settledError(error);
    store.poison(instance, reason);
    throw reason;
  };
  const call = async (values: readonly unknown[]) => later(await invocations.between(() => start(values)));
  if (lift.isAsync) return async (...values) => value((await call(values).catch(failed)) as Outcome);
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

/** Under which a function that {@link calledByHost} made has another that is for a call which goes on after it has returned. */
export const CONVERSE: unique symbol = Symbol('converse');

/** What whoever calls such a function does meanwhile. */
interface Listener {
  /** Takes the result when there is one, before the guest goes on; a `result` as `{tag, val}`. */
  hear(result: unknown): void;
  /** Whether the caller needs no more of the component: until then the call goes on for as long as anything can. */
  isOver(): boolean;
}

type Converse = (listener: Listener, ...values: unknown[]) => void;

/** The same as {@link invokedByHost} for a host that waits: the function returns when it has its result. */
export function calledByHost(lift: AsyncLift): ((...values: unknown[]) => unknown) & { readonly [CONVERSE]: Converse } {
  const { start, value, goesOn } = hostCalls(lift);
  const { store, instance } = lift.cx;
  const scheduler = store.scheduler!;
  const run = (values: readonly unknown[], listener?: Listener): Started => {
    const started = start(values, listener?.hear);
    const { task } = started;
    while (!task.resolved || goesOn(task) || listener?.isOver() === false) {
      const thread = nextReady(scheduler.waiting);
      if (thread !== undefined) scheduler.step(thread);
      else if (!scheduler.waitOutside()) {
        if (task.resolved) break;
        throw deadlock();
      }
    }
    return started;
  };
  const failed = (error: unknown): never => {
    if (!isErr(error)) store.poison(instance, error);
    throw error;
  };
  const call = (...values: unknown[]): unknown => {
    try {
      return value(run(values).outcome());
    } catch (error) {
      return failed(error);
    }
  };
  const converse: Converse = (listener, ...values) => {
    try {
      run(values, listener);
      store.rethrow();
    } catch (error) {
      failed(error);
    }
  };
  return Object.assign(call, { [CONVERSE]: converse });
}

/** A call of the host's that goes on beside others. */
export interface OpenCall {
  /** Whether its function has returned. */
  readonly returned: boolean;
  /** What it returned. @throws the `err` of a `result` */
  value(): unknown;
  /** Asks it to end. */
  cancel(): void;
}

/** The same for a host that has several calls go on: the function returns when the guest has first left its stack. */
export function openedByHost(lift: AsyncLift): (...values: readonly unknown[]) => OpenCall {
  const { start, value } = hostCalls(lift);
  return (...values) => {
    const { task, outcome } = start(values);
    return {
      get returned() {
        return task.resolved;
      },
      value: () => value(outcome()),
      cancel: () => void task.requestCancellation(lift.entering),
    };
  };
}

function hostCalls(lift: AsyncLift) {
  const { cx, passing } = lift;
  const { store } = cx;
  const { waiting, outside } = store.scheduler!;
  const lifted = { ...lift, passing: checked(passing) };
  return {
    start(values: readonly unknown[], hear?: (result: unknown) => void): Started {
      let outcome: Outcome;
      const { task, step } = begin(
        lifted,
        () => values,
        (resolved) => {
          outcome = resolved;
          hear?.(resolved?.result);
        },
        undefined,
      );
      return { task, step, outcome: () => outcome };
    },
    value(outcome: Outcome): unknown {
      store.rethrow();
      return passing.fallible ? okOrThrow(outcome!.result) : outcome!.result;
    },
    /** What a task does after it has returned is done before the next call, as far as it can be: it may write its streams. */
    goesOn: (task: Task): boolean =>
      task.threads.size > 0 && (nextReady(waiting) !== undefined || outside?.isAwaited === true),
  };
}

/** Whether a function returned the `err` of a `result`. */
function isErr(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Object.hasOwn(error, 'payload');
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
