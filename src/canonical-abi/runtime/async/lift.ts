import type { LiftLowerContext } from '../context.ts';
import { enter, leave } from '../entering.ts';
import type { FlatValue } from '../flat-value.ts';
import { afterReturn } from '../functions.ts';
import type { Passing } from '../passing.ts';
import { trap } from '../trap.ts';
import type { AsyncLift } from './async-lift.ts';
import type { GuestFunction } from './guest-function.ts';
import { type OnResolve, type OnStart, Task } from './task.ts';
import { type Step, Thread } from './thread.ts';
import { EVENT, type Event, type WaitableSet } from './waitable.ts';
import { WAITABLE_SET } from './waitable-handles.ts';

/** `CallbackCode` of the specification. */
const EXIT = 0;
const YIELD = 1;
const WAIT = 2;

/** A task that has begun, and what there is to wait for until it has blocked or ended. */
export interface Begun {
  readonly task: Task;
  readonly step: Step;
}

/** `canon_lift`: calls a function. @param caller The thread that cannot go on before the function has returned. */
export function begin(lifted: AsyncLift, onStart: OnStart, onResolve: OnResolve, caller: Thread | undefined): Begun {
  const { entering, cx, isAsync } = lifted;
  enter(entering);
  const task = new Task(lifted, onStart, onResolve);
  const thread = new Thread(task);
  task.implicitThread = thread;
  thread.entered = entering;
  thread.caller = caller;
  thread.call = cx.store.scheduler!.call;
  thread.proceed = () => enterImplicitThread(task, thread);
  const first = cx.store.scheduler!.proceed(thread, 0);
  const rest = (): Step => (isAsync ? undefined : untilReturned(task));
  const step = first === undefined ? rest() : first.then(rest);
  if (step === undefined) leave(entering);
  return { task, step: step?.then(() => leave(entering)) };
}

/** Whoever calls a function that is not async waits: meanwhile other threads of the callee's instance may go on. */
function untilReturned(task: Task): Step {
  const { store, instance } = task.lifted.cx;
  while (!task.resolved) {
    let next: Thread | undefined;
    for (const thread of instance.threads) {
      if (thread !== instance.exclusiveThread && thread.proceed !== undefined && thread.ready?.()) {
        next = thread;
        break;
      }
    }
    if (next === undefined) throw trap('cannot block a synchronous task before returning');
    const step = store.scheduler!.proceed(next, 0);
    if (step !== undefined) return step.then(() => untilReturned(task));
  }
  return undefined;
}

function enterImplicitThread(task: Task, thread: Thread): Step {
  const { instance, store } = task.lifted.cx;
  if (!task.isAsync || !(task.mustWait || instance.waitingToEnter > 0)) return run(task, thread);
  instance.waitingToEnter++;
  store.scheduler!.park(
    thread,
    () => !task.mustWait,
    (cancelled) => {
      instance.waitingToEnter--;
      if (!cancelled) return run(task, thread);
      task.cancel();
      return undefined;
    },
  );
  return undefined;
}

function run(task: Task, thread: Thread): Step {
  const { func, callback, returnsByBuiltIn, cx, postReturn, passing } = task.lifted;
  const { store } = cx;
  const scheduler = store.scheduler!;
  task.enter(thread);
  const values = task.start();
  cx.borrowScope = task.borrowScope;
  cx.memory.refresh();
  const flat = passing.lowerParams(cx, values);
  if (!returnsByBuiltIn) {
    return scheduler.enterGuest(func, flat, (value) => {
      task.return(liftReturned(cx, passing, value));
      if (postReturn !== undefined) afterReturn(cx.instance, postReturn, passing, value);
      task.exit(thread);
      return undefined;
    });
  }
  if (callback === undefined) {
    return scheduler.enterGuest(func, flat, () => {
      task.exit(thread);
      return undefined;
    });
  }
  const next = (packed: FlatValue | undefined): Step => afterCallback(task, thread, callback, packed as number, next);
  return scheduler.enterGuest(func, flat, next);
}

function liftReturned(cx: LiftLowerContext, passing: Passing, value: FlatValue | undefined): unknown {
  cx.memory.refresh();
  cx.store.beginLifting();
  return passing.liftResult(cx, value);
}

/** Does what the guest asked for when it left its stack. */
function afterCallback(
  task: Task,
  thread: Thread,
  callback: GuestFunction,
  packed: number,
  next: (packed: FlatValue | undefined) => Step,
): Step {
  const { instance, store } = task.lifted.cx;
  const scheduler = store.scheduler!;
  const code = packed & 0xf;
  if (code === EXIT) {
    task.exit(thread);
    return undefined;
  }
  if (code !== YIELD && code !== WAIT) throw trap(`${code} is no code that a callback may return`);
  const set = code === WAIT ? (instance.handles.get(packed >>> 4, WAITABLE_SET).rep as WaitableSet) : undefined;
  instance.exclusiveThread = undefined;
  const go = ([event, index, payload]: Event): Step => {
    instance.exclusiveThread = thread;
    return scheduler.enterGuest(callback, [event, index, payload], next);
  };
  if (task.deliverPendingCancel(true)) return go([EVENT.cancelled, 0, 0]);
  if (set !== undefined) set.waiting++;
  scheduler.park(
    thread,
    () => instance.exclusiveThread === undefined && (set === undefined || set.hasEvent()),
    (cancelled) => {
      if (set === undefined) return go([cancelled ? EVENT.cancelled : EVENT.none, 0, 0]);
      set.waiting--;
      return go(set.takeEvent(cancelled));
    },
  );
  return undefined;
}
