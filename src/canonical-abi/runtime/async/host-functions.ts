import { Later } from '../../../clock/later.ts';
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
 * promise, or a {@link Later} where the thread waits for those.
 *
 * @param async Whether the guest goes on before that is there.
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
      if (!(given instanceof Later)) {
        const result = finish(given);
        endLending(subtask.borrowScope);
        return async ? 2 : result;
      }
      let settled: Outcome | undefined;
      const { call } = scheduler;
      scheduler.invocations.external++;
      given.listen((outcome) => {
        settled = outcome;
        scheduler.invocations.external--;
        if (!async) {
          scheduler.invocations.wake();
          return;
        }
        scheduler.deliver(call, () => {
          finish(outcome);
          subtask.returned();
        });
      }, fail);
      if (async) {
        const { giveUp } = given;
        if (giveUp !== undefined) {
          subtask.requestCancellation = () => {
            giveUp();
            scheduler.invocations.external--;
            subtask.cancelled();
            return undefined;
          };
        }
        return asyncResult(cx, subtask);
      }
      const waited = scheduler.wait(() => settled !== undefined, false);
      const answer = after(waited, () => {
        const result = finish(settled!);
        endLending(subtask.borrowScope);
        return result;
      });
      return answer instanceof Promise ? answer.catch(fail) : answer;
    } catch (error) {
      return fail(error);
    }
  };
}

function attempt(host: HostFunction, values: unknown[], { fallible }: Passing): Outcome | Later<Outcome> {
  const failed = (error: unknown): Outcome =>
    fallible && typeof error === 'object' && error !== null && Object.hasOwn(error, 'payload')
      ? { value: { tag: 'err', val: (error as { readonly payload: unknown }).payload } }
      : { error };
  const returned = (value: unknown): Outcome => ({ value: fallible ? { tag: 'ok', val: value } : value });
  try {
    const value = host(...values);
    if (value instanceof Later) return value.map(returned, failed);
    return value instanceof Promise ? promised(value.then(returned, failed)) : returned(value);
  } catch (error) {
    return failed(error);
  }
}

function promised(outcome: Promise<Outcome>): Later<Outcome> {
  const later = new Later<Outcome>();
  void outcome.then((value) => later.resolve(value));
  return later;
}
