import { PluginError } from '../../../errors.ts';
import type { ControlPage } from '../../../instrumentation/control-page.ts';
import { call } from '../call.ts';
import { enter, leave } from '../entering.ts';
import type { FlatValue } from '../flat-value.ts';
import type { ThreadWords } from '../thread-storage.ts';
import { trap } from '../trap.ts';
import type { GuestFunction } from './guest-function.ts';
import { Invocations } from './invocations.ts';
import type { Outside } from './outside.ts';
import { PendingTrap } from './pending-trap.ts';
import { deadlock, isReady } from './ready.ts';
import { type Cancelled, RESUMED, type Step, Thread, type ThreadHome } from './thread.ts';

/**
 * Stacks of their own that may be in use at a time. V8 ends the process when it cannot map another one, which is at
 * some 32,000 of them.
 */
const MAX_STACKS = 1000;
/** Stacks that may be used in one turn of the event loop: V8 takes them back when it ends, also those that are empty. */
const MAX_STACKS_A_TURN = 1000;

/** Steps of threads between two looks outside, each of which asks all that is waited for. */
const STEPS_A_LOOK = 16;

/** How the thread is that another one interrupts. */
interface Outer {
  readonly thread: Thread | undefined;
  readonly switchable: boolean;
}

/**
 * Runs the threads of one component: `Store.tick` of the specification. One thread runs at a time. A thread that has
 * to wait is left where it is:
 *
 * - with an empty stack, when a callback said what it waits for: it goes on by a call;
 * - on a stack of its own, where Node can suspend one: it goes on in a turn of the event loop;
 * - below those that it waits for, else: they run on top of it until it can go on.
 */
export class Scheduler implements ThreadWords {
  current: Thread | undefined = new Thread(undefined);
  /** Whether the stack that runs can be suspended. */
  switchable = false;
  readonly invocations: Invocations;
  /** The call of the host's for which the guest runs; whoever has several go on keeps their books apart by it. */
  #call: unknown;
  /** Hears which call goes on now, before it does. */
  onSwitch: (call: unknown) => void = () => {};
  /** Where this thread waits for the host; undefined where promises say what has happened there. */
  readonly outside: Outside | undefined;
  /** Threads that wait for something to become true, the longest first. */
  readonly waiting: Set<Thread> = new Set();
  /** Threads that wait below others. */
  readonly #nested: Thread[] = [];
  #stacks = 0;
  #stacksOfTurn = 0;
  #steps = 0;
  readonly #control: Pick<ControlPage, 'fuel' | 'isInterrupted'>;

  constructor(control: Pick<ControlPage, 'fuel' | 'isInterrupted'>, outside: Outside | undefined) {
    this.#control = control;
    this.outside = outside;
    this.invocations = new Invocations(this);
  }

  get(slot: number): number {
    return this.current!.storage[slot]!;
  }

  set(slot: number, value: number): void {
    this.current!.storage[slot] = value;
  }

  get call(): unknown {
    return this.#call;
  }

  set call(call: unknown) {
    if (call === this.#call) return;
    this.#call = call;
    this.onSwitch(call);
  }

  begin(): Outer {
    const outer = { thread: this.current, switchable: this.switchable };
    this.current = new Thread(undefined);
    this.switchable = false;
    return outer;
  }

  resume({ thread, switchable }: Outer): void {
    this.current = thread;
    this.switchable = switchable;
  }

  /** Goes on with a thread until it blocks again or ends. */
  proceed(thread: Thread, cancelled: Cancelled): Step {
    // Short functions have no check of their own, and it is us who call them over and over.
    if (this.#control.fuel < 0 || this.#control.isInterrupted) throw trap('interrupted between two steps');
    const proceed = thread.proceed!;
    thread.proceed = undefined;
    thread.ready = undefined;
    this.waiting.delete(thread);
    const outer = { thread: this.current, switchable: this.switchable };
    this.current = thread;
    const before = this.#call;
    this.call = thread.call;
    const step = proceed(cancelled);
    this.call = before;
    if (step === undefined) {
      this.resume(outer);
      return undefined;
    }
    return step.then(() => {
      this.#stacksOfTurn = 0;
      this.resume(outer);
    });
  }

  /** Enters the instances of a thread that waited, and goes on with it. */
  run(thread: Thread, entering: readonly ThreadHome[] = thread.task!.instance.lineage): Step {
    enter(entering);
    thread.entered = entering;
    const step = this.proceed(thread, RESUMED);
    if (step === undefined) leave(entering);
    return step?.then(() => leave(entering));
  }

  /** The same between looks at what has come from outside: a thread that can always go on must not keep others from that. */
  step(thread: Thread): void {
    if (++this.#steps % STEPS_A_LOOK === 0) this.outside?.look();
    void this.run(thread);
  }

  /** Has a thread wait that has nothing on its stack. */
  park(thread: Thread, ready: () => boolean, proceed: (cancelled: Cancelled) => Step): void {
    thread.ready = ready;
    thread.cancellable = true;
    thread.proceed = proceed;
    this.waiting.add(thread);
  }

  /**
   * Runs a core function on the thread that runs.
   *
   * @param then Hears what it returned: at once, or after the thread had to wait.
   */
  enterGuest(func: GuestFunction, flat: readonly FlatValue[], then: (value: FlatValue | undefined) => Step): Step {
    const thread = this.current!;
    if (func.onOwnStack === undefined || this.#stacksOfTurn >= 2 * MAX_STACKS_A_TURN) {
      const outer = this.switchable;
      this.switchable = false;
      const value = call(func.core, flat);
      this.switchable = outer;
      return then(value);
    }
    if (this.#stacks >= MAX_STACKS) throw trap(`more than ${MAX_STACKS} tasks wait at a time`);
    this.#stacks++;
    this.#stacksOfTurn++;
    thread.returned = undefined;
    this.switchable = true;
    const returning = func.onOwnStack(...flat);
    if (thread.returned !== undefined) {
      this.#stacks--;
      return then(returnedBy(thread));
    }
    if (thread.suspended || thread.awaiting) {
      returning.then(
        () => this.#ended(thread, then),
        (error: unknown) => {
          this.#stacks--;
          thread.signal?.reject(error);
        },
      );
      if (thread.suspended) return undefined;
      return new Promise((resolve, reject) => {
        thread.signal = { resolve, reject };
      });
    }
    throw new PendingTrap(returning);
  }

  #ended(thread: Thread, then: (value: FlatValue | undefined) => Step): void {
    this.#stacks--;
    const { resolve, reject } = thread.signal!;
    thread.signal = undefined;
    try {
      const step = then(returnedBy(thread));
      if (step === undefined) resolve();
      else step.then(resolve, reject);
    } catch (error) {
      reject(error);
    }
  }

  /** Lets V8 take back stacks that are no longer used, where it is time, and the thread that runs can wait for that. */
  breathe(): Step {
    if (this.#stacksOfTurn < MAX_STACKS_A_TURN || !this.switchable) return undefined;
    return Promise.resolve().then(() => {
      this.#stacksOfTurn = 0;
    });
  }

  /** Has another thread go on, and goes on itself once that has blocked again. */
  afterStep<T>(go: () => Step, next: () => T | Promise<T>): T | Promise<T> {
    const thread = this.current!;
    const step = go();
    if (step === undefined) return next();
    thread.awaiting = true;
    return step.then(() => {
      thread.awaiting = false;
      return next();
    });
  }

  /** `wait_until`: has the thread that runs wait where it is. */
  wait(ready: () => boolean, cancellable: boolean): Cancelled | Promise<Cancelled> {
    const thread = this.current!;
    if (thread.task?.deliverPendingCancel(cancellable)) return 1;
    thread.cancellable = cancellable;
    return this.switchable ? this.#suspend(thread, ready) : this.#nest(thread, ready);
  }

  #suspend(thread: Thread, ready: () => boolean): Promise<Cancelled> {
    const { promise, resolve } = Promise.withResolvers<Cancelled>();
    thread.ready = ready;
    thread.suspended = true;
    thread.proceed = (cancelled) =>
      new Promise((resolveStep, reject) => {
        thread.signal = { resolve: resolveStep, reject };
        thread.suspended = false;
        this.switchable = true;
        resolve(cancelled);
      });
    this.waiting.add(thread);
    const { signal } = thread;
    thread.signal = undefined;
    signal?.resolve();
    return promise;
  }

  /** Runs others on top of the thread, until what it waits for is true. */
  #nest(thread: Thread, ready: () => boolean): Cancelled {
    const left = blockedWith(thread);
    for (const { entered } of left) leave(entered);
    const outer = this.begin();
    thread.ready = ready;
    this.#nested.push(thread);
    do {
      const next = this.#nextOnTop(thread);
      if (next !== undefined) this.step(next);
      else if (ready()) break;
      else if (this.waitOutside()) continue;
      else throw this.#stuck(left);
    } while (!ready());
    this.#nested.pop();
    thread.ready = undefined;
    this.resume(outer);
    for (const { entered } of left.toReversed()) for (const instance of entered) instance.mayEnter = false;
    return RESUMED;
  }

  /** Does what the host has done for a thread of a call that waits, as soon as no thread is in the middle of a step. */
  deliver(call: unknown, act: () => void): void {
    if (this.outside === undefined) this.invocations.deliver(act);
    else {
      const before = this.#call;
      this.call = call;
      act();
      this.call = before;
    }
  }

  /** Has the thread wait until the host has done something for the component; false when there is nothing to come. */
  waitOutside(): boolean {
    if (this.outside === undefined) return false;
    if (this.invocations.external === 0 && !this.outside.isAwaited) return false;
    if (this.#control.isInterrupted) throw trap('interrupted while it waited for the host');
    this.outside.wait();
    return true;
  }

  #nextOnTop({ task }: Thread): Thread | undefined {
    const among = task?.isAsync ? this.waiting : (task?.instance.threads ?? []);
    const exclusive = task?.isAsync ? undefined : task?.instance.exclusiveThread;
    for (const thread of among) {
      if (thread !== exclusive && thread.proceed !== undefined && !thread.suspended && isReady(thread)) return thread;
    }
    return undefined;
  }

  /** Why a thread cannot go on that waits below others. */
  #stuck(left: readonly Thread[]): Error {
    const { task } = left[0]!;
    if (task === undefined || !task.isAsync) return trap('cannot block a synchronous task before returning');
    const below = left.at(-1)!.entered;
    const waitsForOthers =
      this.invocations.external > 0 ||
      [...this.waiting].some(isReady) ||
      this.#nested.some((thread) => !left.includes(thread) || thread.ready?.()) ||
      below.length < task.instance.lineage.length;
    return waitsForOthers ? needsSwitching() : deadlock();
  }
}

function returnedBy({ returned }: Thread): FlatValue | undefined {
  return returned!.value;
}

/** A thread and those that cannot go on before it has returned. */
function blockedWith(thread: Thread): Thread[] {
  const blocked: Thread[] = [];
  for (let next: Thread | undefined = thread; next !== undefined; next = next.caller) blocked.push(next);
  return blocked;
}

function needsSwitching(): PluginError {
  return new PluginError(
    'ERR_UNSUPPORTED_ENVIRONMENT',
    'A call within the plugin waits for what its caller would do next, for which it has to be suspended',
    { hint: 'Lift the function that is called with a callback, as current toolchains do; or call it synchronously.' },
  );
}
