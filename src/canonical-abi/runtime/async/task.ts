import type { ComponentInstance } from '../component-instance.ts';
import { enter, leave } from '../entering.ts';
import { type BorrowScope, newBorrowScope } from '../handles.ts';
import { assertReturned } from '../resources.ts';
import { trap } from '../trap.ts';
import type { AsyncLift } from './async-lift.ts';
import { CANCELLED, type Step, type Thread } from './thread.ts';

/** `OnStart`: the arguments, once the callee takes them. */
export type OnStart = () => readonly unknown[];
/** `OnResolve`: the result, or that the task was cancelled. */
export type OnResolve = (outcome: { readonly result: unknown } | undefined) => void;

/** Threads that an instance may have at a time, as many as handles: each takes some 1.5 KB of the host's heap. */
const MAX_THREADS = 65_536;

type State = 'initial' | 'started' | 'pending-cancel' | 'cancel-delivered' | 'resolved';

/** `Task` of the specification: a call of a function that was lifted, until the last of its threads has ended. */
export class Task {
  readonly lifted: AsyncLift;
  /** The borrowed handles that it has to give back before it returns. */
  readonly borrowScope: BorrowScope = newBorrowScope();
  readonly threads: Set<Thread> = new Set();
  implicitThread: Thread | undefined;
  #state: State = 'initial';
  readonly #onStart: OnStart;
  readonly #onResolve: OnResolve;

  constructor(lifted: AsyncLift, onStart: OnStart, onResolve: OnResolve) {
    this.lifted = lifted;
    this.#onStart = onStart;
    this.#onResolve = onResolve;
  }

  /** Whether its function may return to its caller before it is done. */
  get isAsync(): boolean {
    return this.lifted.isAsync;
  }

  get instance(): ComponentInstance {
    return this.lifted.cx.instance;
  }

  get resolved(): boolean {
    return this.#state === 'resolved';
  }

  /** Whether it must be alone in the guest's code: all that could interleave with others elsewhere do not say so. */
  get needsExclusive(): boolean {
    return !this.lifted.returnsByBuiltIn || this.lifted.callback !== undefined;
  }

  /** Whether it has to wait until another task of its instance has left the guest's code, or the guest takes more calls. */
  get mustWait(): boolean {
    const { backpressure, exclusiveThread } = this.lifted.cx.instance;
    return backpressure > 0 || (this.needsExclusive && exclusiveThread !== undefined);
  }

  enter(thread: Thread): void {
    const { instance } = this.lifted.cx;
    // The table of subtasks does not bound them: those of tasks that have returned are in none.
    if (instance.threads.size >= MAX_THREADS) throw trap(`more than ${MAX_THREADS} threads in one component instance`);
    if (this.isAsync && this.needsExclusive) instance.exclusiveThread = thread;
    this.threads.add(thread);
    instance.threads.add(thread);
  }

  /** @throws a trap when the last thread ends, and nothing was returned. */
  exit(thread: Thread): void {
    const { instance } = this.lifted.cx;
    this.threads.delete(thread);
    instance.threads.delete(thread);
    if (this.threads.size === 0 && !this.resolved) throw trap('the task ended without `task.return` or `task.cancel`');
    if (thread === this.implicitThread && this.isAsync && this.needsExclusive) instance.exclusiveThread = undefined;
  }

  start(): readonly unknown[] {
    this.#state = 'started';
    return this.#onStart();
  }

  return(result: unknown): void {
    if (this.resolved) throw trap('a task returned twice');
    assertReturned(this.borrowScope.borrows);
    this.#onResolve({ result });
    this.#state = 'resolved';
  }

  cancel(): void {
    if (this.#state !== 'cancel-delivered') throw trap('`task.cancel` of a task that nobody asked to end');
    assertReturned(this.borrowScope.borrows);
    this.#onResolve(undefined);
    this.#state = 'resolved';
  }

  /** Asks it to end. @param entering The instances that its caller enters by it. */
  requestCancellation(entering: readonly ComponentInstance[]): Step {
    const { scheduler } = this.lifted.cx.store;
    if (this.#state === 'initial') {
      this.#state = 'cancel-delivered';
      return scheduler!.proceed(this.implicitThread!, CANCELLED);
    }
    const thread = this.#cancellable();
    if (thread === undefined || !entering.every(({ mayEnter }) => mayEnter)) {
      this.#state = 'pending-cancel';
      return undefined;
    }
    this.#state = 'cancel-delivered';
    enter(entering);
    thread.entered = entering;
    const step = scheduler!.proceed(thread, CANCELLED);
    if (step === undefined) leave(entering);
    return step?.then(() => leave(entering));
  }

  #cancellable(): Thread | undefined {
    const { exclusiveThread } = this.lifted.cx.instance;
    const occupied = this.needsExclusive && exclusiveThread !== undefined && exclusiveThread !== this.implicitThread;
    for (const thread of this.threads) {
      if (thread.cancellable && thread.proceed !== undefined && !(occupied && thread === this.implicitThread))
        return thread;
    }
    return undefined;
  }

  deliverPendingCancel(cancellable: boolean): boolean {
    if (!cancellable || this.#state !== 'pending-cancel') return false;
    this.#state = 'cancel-delivered';
    return true;
  }
}
