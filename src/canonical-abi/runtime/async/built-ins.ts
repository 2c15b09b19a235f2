import { brokenAbi } from '../../glue.ts';
import type { BuiltIn, CopyBuiltIn } from '../../plan/plan.ts';
import { commonBuiltIn } from '../common-built-ins.ts';
import type { ComponentInstance } from '../component-instance.ts';
import type { FlatValue } from '../flat-value.ts';
import { assertMayLeave } from '../functions.ts';
import { GuestMemory } from '../memory.ts';
import type { Store } from '../store.ts';
import { trap } from '../trap.ts';
import { after } from './after.ts';
import { BLOCKED, type BuiltInParts, type Operation } from './built-in-parts.ts';
import { copyFunction } from './copy-built-ins.ts';
import type { Answer } from './lower.ts';
import type { Scheduler } from './scheduler.ts';
import type { Subtask } from './subtask.ts';
import { Task } from './task.ts';
import { type Cancelled, RESUMED } from './thread.ts';
import { type Event, WaitableSet } from './waitable.ts';
import { addEntry, SUBTASK_HANDLE, WAITABLE_SET, waitableAt, waitableSetAt } from './waitable-handles.ts';

/** The core function of a built-in that may have its guest wait. */
export type BuiltInFunction = (...operands: FlatValue[]) => Answer;

/** The built-ins that may have the thread wait that calls them. */
export function mayWait(builtIn: BuiltIn): boolean {
  switch (builtIn.name) {
    case 'waitable-set.wait':
    case 'thread.yield':
    case 'subtask.cancel':
      return true;
    case 'stream.read':
    case 'stream.write':
    case 'stream.cancel-read':
    case 'stream.cancel-write':
    case 'future.read':
    case 'future.write':
    case 'future.cancel-read':
    case 'future.cancel-write':
      return !builtIn.async;
    default:
      return false;
  }
}

/** The core function of a built-in, in a component whose calls may wait for each other. */
export function concurrentBuiltIn(
  builtIn: BuiltIn,
  store: Store,
  instance: ComponentInstance,
  parts: BuiltInParts,
): BuiltInFunction {
  const scheduler = store.scheduler!;
  const { handles } = instance;
  const fail = (error: unknown): never => {
    store.poison(instance, error);
    throw error;
  };
  const trapping =
    (func: (...operands: number[]) => Answer): BuiltInFunction =>
    (...operands) => {
      try {
        const answer = func(...(operands as number[]));
        return answer instanceof Promise ? answer.catch(fail) : answer;
      } catch (error) {
        return fail(error);
      }
    };
  /** A built-in that must not be called while the host allocates in the guest or cleans up after it. */
  const leaving = (func: Operation): BuiltInFunction =>
    trapping((...operands) => {
      assertMayLeave(instance);
      return func(...operands) as Answer;
    });
  switch (builtIn.name) {
    case 'context.get':
    case 'context.set':
    case 'backpressure.inc':
    case 'backpressure.dec':
      return commonBuiltIn(builtIn, store, instance);
    case 'task.cancel':
      return leaving(() => asyncTask(scheduler, 'task.cancel').cancel());
    case 'task.return': {
      const passings = {
        guest: parts.passingOfResult(builtIn.result, 'guest'),
        host: parts.passingOfResult(builtIn.result, 'host'),
      };
      const cx = parts.contexts[builtIn.context]!;
      const none = GuestMemory.none();
      return leaving((...flat) => {
        const task = asyncTask(scheduler, 'task.return');
        const { resultType, cx: own, boundary } = task.lifted;
        if (resultType !== builtIn.result) throw trap('`task.return` of another type than the function has');
        // One of the two may have no need of a memory.
        const sameMemory = own.memory === cx.memory || own.memory === none || cx.memory === none;
        if (own.encoding !== cx.encoding || !sameMemory) {
          throw trap('`task.return` with other options than those of the function');
        }
        cx.memory.refresh();
        store.beginLifting();
        task.return(passings[boundary].liftParams(cx, flat)[0]);
      });
    }
    case 'thread.yield': {
      const { cancellable } = builtIn;
      return leaving(() => scheduler.wait(() => true, cancellable));
    }
    case 'waitable-set.new':
      return leaving(() => addEntry(handles, WAITABLE_SET, new WaitableSet()));
    case 'waitable-set.drop':
      return leaving((index) => (handles.remove(index, WAITABLE_SET).rep as WaitableSet).assertUnused());
    case 'waitable-set.wait': {
      const { cancellable } = builtIn;
      const memory = parts.memories[builtIn.memory]!;
      return leaving((index, at) => {
        const set = waitableSetAt(handles, index);
        const waited = set.hasEvent() ? RESUMED : waitFor(scheduler, set, cancellable);
        return after(waited, (cancelled) => writeEvent(memory, at >>> 0, set.takeEvent(cancelled)));
      });
    }
    case 'waitable-set.poll': {
      const { cancellable } = builtIn;
      const memory = parts.memories[builtIn.memory]!;
      return leaving((index, at) => {
        const set = waitableSetAt(handles, index);
        const cancelled = scheduler.current!.task?.deliverPendingCancel(cancellable) ?? false;
        return writeEvent(memory, at >>> 0, set.takeEvent(cancelled ? 1 : 0));
      });
    }
    case 'waitable.join':
      return leaving((index, set) => {
        const waitable = waitableAt(handles, index);
        if (waitable.hasSyncWaiter) throw trap('cannot have a waitable join that is waited for synchronously');
        waitable.join(set === 0 ? undefined : waitableSetAt(handles, set));
      });
    case 'subtask.cancel': {
      const { async } = builtIn;
      return leaving((index) => cancelSubtask(scheduler, handles.get(index, SUBTASK_HANDLE).rep as Subtask, async));
    }
    case 'subtask.drop':
      return leaving((index) => (handles.remove(index, SUBTASK_HANDLE).rep as Subtask).drop());
    default:
      return leaving(copyFunction(builtIn satisfies CopyBuiltIn, store, instance, parts));
  }
}

function asyncTask(scheduler: Scheduler, name: string): Task {
  const task = scheduler.current?.task;
  if (!(task instanceof Task) || !task.lifted.returnsByBuiltIn)
    throw trap(`\`${name}\` called by a task that returns by returning`);
  return task;
}

function waitFor(scheduler: Scheduler, set: WaitableSet, cancellable: boolean): Cancelled | Promise<Cancelled> {
  set.waiting++;
  return after(
    scheduler.wait(() => set.hasEvent(), cancellable),
    (cancelled) => {
      set.waiting--;
      return cancelled;
    },
  );
}

/** `unpack_event` of the specification. */
function writeEvent(memory: GuestMemory, at: number, [code, index, payload]: Event): number {
  memory.refresh();
  if (at % 4 !== 0) throw brokenAbi('a pointer to an event is not aligned to 4', {});
  if (at + 8 > memory.bytes.length) throw brokenAbi('an event lies beyond the end of memory', {});
  memory.view.setUint32(at, index, true);
  memory.view.setUint32(at + 4, payload, true);
  return code;
}

function cancelSubtask(scheduler: Scheduler, subtask: Subtask, async: boolean): Answer {
  if (subtask.delivered) throw trap('cannot cancel a subtask whose end was delivered');
  if (subtask.cancellationRequested) throw trap('cannot cancel a subtask twice');
  if (subtask.set !== undefined && !async) throw trap('cannot wait for a subtask that is in a waitable set');
  const delivered = (): Answer => {
    const [, , state] = subtask.takeEvent();
    return state;
  };
  if (subtask.resolved) return delivered();
  subtask.cancellationRequested = true;
  return scheduler.afterStep(subtask.requestCancellation, (): Answer => {
    if (subtask.resolved) return delivered();
    if (async) return BLOCKED;
    return after(subtask.waitForEvent(scheduler), delivered);
  });
}
