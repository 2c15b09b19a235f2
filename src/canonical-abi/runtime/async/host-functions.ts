import type { LiftLowerContext } from '../context.ts';
import type { FlatValue } from '../flat-value.ts';
import { assertMayLeave, endLending, type HostFunction } from '../functions.ts';
import { newBorrowScope } from '../handles.ts';
import type { Passing } from '../passing.ts';
import { after } from './after.ts';
import { type Answer, asyncResult } from './lower.ts';
import { Subtask } from './subtask.ts';

/** How a call of a host function ended: for one that is fallible, with `err` as a value. */
type Outcome = { readonly value: unknown } | { readonly error: unknown };

/**
 * `canon lower` of a function of the host, in a component whose calls may wait for each other. The function may give a
 * promise.
 *
 * @param async Whether the guest goes on before the promise is fulfilled.
 */
export function loweredFromAsyncHost(
  host: HostFunction,
  passing: Passing,
  cx: LiftLowerContext,
  async: boolean,
): (...flat: FlatValue[]) => Answer {
  const { store, instance, memory } = cx;
  const scheduler = store.scheduler!;
  const fail = (error: unknown): never => {
    store.poison(instance, error);
    throw error;
  };
  return (...flat) => {
    try {
      assertMayLeave(instance);
      const subtask = new Subtask();
      subtask.state = 1;
      cx.borrowScope = subtask.borrowScope;
      memory.refresh();
      store.beginLifting();
      const given = attempt(host, passing.liftParams(cx, flat), passing);
      const finish = (outcome: Outcome): FlatValue | undefined => {
        if ('error' in outcome) throw outcome.error;
        memory.refresh();
        cx.borrowScope = newBorrowScope();
        return passing.lowerResult(cx, outcome.value, flat);
      };
      if (!(given instanceof Promise)) {
        const result = finish(given);
        endLending(subtask.borrowScope);
        return async ? 2 : result;
      }
      const settled = settle(given);
      scheduler.invocations.external++;
      void settled.done.then(() => {
        scheduler.invocations.external--;
        scheduler.invocations.wake();
      });
      if (!async) {
        const waited = scheduler.wait(() => settled.outcome !== undefined, false);
        const answer = after(waited, () => {
          const result = finish(settled.outcome!);
          endLending(subtask.borrowScope);
          return result;
        });
        return answer instanceof Promise ? answer.catch(fail) : answer;
      }
      void settled.done.then(() => {
        scheduler.invocations.deliver(() => {
          finish(settled.outcome!);
          subtask.returned();
        });
      });
      return asyncResult(cx, subtask);
    } catch (error) {
      return fail(error);
    }
  };
}

function attempt(host: HostFunction, values: unknown[], { fallible }: Passing): Outcome | Promise<Outcome> {
  const failed = (error: unknown): Outcome =>
    fallible && typeof error === 'object' && error !== null && Object.hasOwn(error, 'payload')
      ? { value: { tag: 'err', val: (error as { readonly payload: unknown }).payload } }
      : { error };
  const returned = (value: unknown): Outcome => ({ value: fallible ? { tag: 'ok', val: value } : value });
  try {
    const value = host(...values);
    return value instanceof Promise ? value.then(returned, failed) : returned(value);
  } catch (error) {
    return failed(error);
  }
}

/** A promise, and what it was fulfilled with. */
function settle(given: Promise<Outcome>): { outcome: Outcome | undefined; readonly done: Promise<void> } {
  const settled: { outcome: Outcome | undefined; done: Promise<void> } = {
    outcome: undefined,
    done: Promise.resolve(),
  };
  settled.done = given.then((outcome) => {
    settled.outcome = outcome;
  });
  return settled;
}
