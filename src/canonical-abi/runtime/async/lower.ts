import type { LiftLowerContext } from '../context.ts';
import { Exception } from '../exception.ts';
import type { FlatValue } from '../flat-value.ts';
import { assertMayLeave } from '../functions.ts';
import type { Passing } from '../passing.ts';
import { trap } from '../trap.ts';
import { after } from './after.ts';
import type { AsyncLift } from './async-lift.ts';
import { begin } from './lift.ts';
import { SUBTASK, Subtask } from './subtask.ts';
import type { Step } from './thread.ts';
import { addEntry, SUBTASK_HANDLE } from './waitable-handles.ts';

/** What a core function of the host's gives to a guest: at once, or once the guest goes on. */
export type Answer = FlatValue | undefined | Promise<FlatValue | undefined>;

/** `canon lower` of a function of another component instance. @param async Whether the guest goes on before it returns. */
export function lowered(
  lifted: AsyncLift,
  passing: Passing,
  caller: LiftLowerContext,
  async: boolean,
): (...flat: FlatValue[]) => Answer {
  const { store, instance } = caller;
  const scheduler = store.scheduler!;
  const fail = (error: unknown): never => {
    // `call_and_trap_on_throw`: an exception does not cross from one component into another.
    const ended = error instanceof Exception ? trap('uncaught exception in another component') : error;
    store.poison(instance, ended);
    throw ended;
  };
  return (...flat) => {
    try {
      assertMayLeave(instance);
      const answer = scheduler.afterStep(
        () => scheduler.breathe() ?? makeRoom(lifted),
        () => start(lifted, passing, caller, async, flat),
      );
      return answer instanceof Promise ? answer.catch(fail) : answer;
    } catch (error) {
      return fail(error);
    }
  };
}

/**
 * Has the task go on that keeps the callee's instance to itself, if it can: so that a call which finds it ready to leave
 * does not have to wait until its caller does.
 */
function makeRoom({ isAsync, cx, entering }: AsyncLift): Step {
  const { exclusiveThread, backpressure } = cx.instance;
  if (!isAsync || exclusiveThread === undefined || backpressure > 0) return undefined;
  const { ready, proceed } = exclusiveThread;
  if (proceed === undefined || !ready?.() || !entering.every(({ mayEnter }) => mayEnter)) return undefined;
  return cx.store.scheduler!.run(exclusiveThread, entering);
}

function start(
  lifted: AsyncLift,
  passing: Passing,
  caller: LiftLowerContext,
  async: boolean,
  flat: FlatValue[],
): Answer {
  const scheduler = caller.store.scheduler!;
  const subtask = new Subtask();
  let result: FlatValue | undefined;
  const call = (): Step => {
    const { task, step } = begin(
      lifted,
      () => {
        subtask.start();
        caller.borrowScope = subtask.borrowScope;
        caller.memory.refresh();
        caller.store.beginLifting();
        return passing.liftParams(caller, flat);
      },
      (outcome) => {
        if (outcome === undefined) {
          subtask.cancelled();
          return;
        }
        caller.memory.refresh();
        result = passing.lowerResult(caller, outcome.result, flat);
        subtask.returned();
      },
      async ? undefined : scheduler.current,
    );
    subtask.requestCancellation = () => task.requestCancellation(lifted.entering);
    return step;
  };
  return scheduler.afterStep(call, (): Answer => {
    if (async) return asyncResult(caller, subtask);
    const waited = subtask.resolved ? undefined : scheduler.wait(() => subtask.resolved, false);
    return after(waited, () => {
      subtask.deliver();
      return result;
    });
  });
}

/** The state of the call, and where the guest finds it if it goes on. */
export function asyncResult({ instance }: LiftLowerContext, subtask: Subtask): number {
  if (subtask.resolved) {
    subtask.deliver();
    return SUBTASK.returned;
  }
  subtask.index = addEntry(instance.handles, SUBTASK_HANDLE, subtask);
  return subtask.state | (subtask.index << 4);
}
