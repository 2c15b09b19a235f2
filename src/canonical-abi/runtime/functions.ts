import { call } from './call.ts';
import type { ComponentInstance } from './component-instance.ts';
import type { LiftLowerContext } from './context.ts';
import { enter, leave } from './entering.ts';
import { Exception } from './exception.ts';
import type { CoreFunction, FlatValue } from './flat-value.ts';
import { type BorrowScope, newBorrowScope } from './handles.ts';
import { Misfit } from './misfit.ts';
import type { Passing } from './passing.ts';
import { assertReturned, endBorrow } from './resources.ts';
import { trap } from './trap.ts';

export type HostFunction = (...values: unknown[]) => unknown;

/** A function of a guest that `canon lift` made, with everything that a call of it needs. */
export interface LiftedFunction {
  readonly core: CoreFunction;
  readonly cx: LiftLowerContext;
  readonly postReturn: CoreFunction | undefined;
  /** The component instances that a call enters. */
  readonly entering: readonly ComponentInstance[];
}

/** The `err` of a WIT `result`, as jco throws it: an error with the own property `payload`. */
class ComponentError extends Error {
  override readonly name: string = 'ComponentError';
  readonly payload: unknown;

  constructor(payload: unknown) {
    super(typeof payload === 'object' ? 'The function returned an error; see `payload`' : String(payload));
    this.payload = payload;
  }
}

/** `canon lift`, called by the host. @throws {ComponentError} for the `err` of a `result`. */
export function liftedForHost(lifted: LiftedFunction, passing: Passing): HostFunction {
  const { core, cx, postReturn, entering } = lifted;
  const { store, instance, memory } = cx;
  return (...values) => {
    enter(entering);
    store.threadStorage?.begin();
    const scope = beginBorrows(cx, passing);
    memory.refresh();
    const flat = call(core, lowerArguments(cx, passing, values));
    memory.refresh();
    store.beginLifting();
    const value = passing.liftResult(cx, flat);
    if (scope !== undefined) assertReturned(scope.borrows);
    if (postReturn !== undefined) afterReturn(instance, postReturn, passing, flat);
    store.rethrow();
    leave(entering);
    return passing.fallible ? okOrThrow(value) : value;
  };
}

/** @throws {Misfit} for arguments of other types, with words for where that is. */
export function lowerArguments(cx: LiftLowerContext, passing: Passing, values: readonly unknown[]): FlatValue[] {
  try {
    return passing.lowerParams(cx, values);
  } catch (error) {
    const where = error instanceof TypeError ? passing.misfitOfParams(values) : undefined;
    throw where === undefined ? error : new Misfit(where);
  }
}

/** Calls `post-return`, during which the guest must not call its imports. */
export function afterReturn(
  instance: ComponentInstance,
  postReturn: CoreFunction,
  passing: Pick<Passing, 'hasResult'>,
  flat: FlatValue | undefined,
): void {
  instance.mayLeave = false;
  if (passing.hasResult) postReturn(flat!);
  else postReturn();
  instance.mayLeave = true;
}

/** `canon lower` of a function of the host. */
export function loweredFromHost(host: HostFunction, passing: Passing, cx: LiftLowerContext): CoreFunction {
  const { store, instance, memory } = cx;
  const invoke = invoking(host, passing);
  return (...flat) => {
    try {
      assertMayLeave(instance);
      const scope = beginBorrows(cx, passing);
      memory.refresh();
      store.beginLifting();
      const value = invoke(passing.liftParams(cx, flat));
      const result = passing.lowerResult(cx, value, flat);
      if (scope !== undefined) endLending(scope);
      return result;
    } catch (error) {
      store.poison(instance, error);
      throw error;
    }
  };
}

function invoking(host: HostFunction, { fallible }: Passing): (values: unknown[]) => unknown {
  return fallible ? (values) => resultOf(host, values) : (values) => host(...values);
}

/**
 * `canon lower` of a function that `canon lift` made in another component instance. Values pass through JavaScript, in
 * a form that only our own codecs see.
 */
export function adapted(lifted: LiftedFunction, passing: Passing, caller: LiftLowerContext): CoreFunction {
  const { core, cx: callee, postReturn, entering } = lifted;
  const { store, instance } = caller;
  return (...flat) => {
    try {
      assertMayLeave(instance);
      enter(entering);
      const outer = store.threadStorage?.begin();
      const lent = beginBorrows(caller, passing);
      const borrowed = passing.borrows ? newBorrowScope() : undefined;
      const returned = call(core, passParams(caller, callee, borrowed, passing, flat));
      callee.memory.refresh();
      store.beginLifting();
      const value = passing.liftResult(callee, returned);
      if (borrowed !== undefined) assertReturned(borrowed.borrows);
      caller.memory.refresh();
      const result = passing.lowerResult(caller, value, flat);
      if (postReturn !== undefined) afterReturn(callee.instance, postReturn, passing, returned);
      if (outer !== undefined) store.threadStorage!.resume(outer);
      leave(entering);
      if (lent !== undefined) endLending(lent);
      return result;
    } catch (error) {
      // `call_and_trap_on_throw`: an exception does not cross from one component into another.
      const ended = error instanceof Exception ? trap('uncaught exception in another component') : error;
      store.poison(instance, ended);
      throw ended;
    }
  };
}

/**
 * The parameters of a call from one component instance to another. By itself, so that what was lifted is garbage while
 * the callee runs: else a chain of instances would have the host hold it once for each link.
 */
function passParams(
  caller: LiftLowerContext,
  callee: LiftLowerContext,
  borrowed: BorrowScope | undefined,
  passing: Passing,
  flat: readonly FlatValue[],
): FlatValue[] {
  caller.memory.refresh();
  caller.store.beginLifting();
  const values = passing.liftParams(caller, flat);
  if (borrowed !== undefined) callee.borrowScope = borrowed;
  callee.memory.refresh();
  return passing.lowerParams(callee, values);
}

export function assertMayLeave(instance: ComponentInstance): void {
  if (!instance.mayLeave) throw trap('cannot leave component instance');
}

function beginBorrows(cx: LiftLowerContext, { borrows }: Passing): BorrowScope | undefined {
  if (!borrows) return undefined;
  cx.borrowScope = newBorrowScope();
  return cx.borrowScope;
}

/** `deliver_resolve` of the specification. */
export function endLending({ lenders, lent }: BorrowScope): void {
  for (const handle of lenders) handle.lends--;
  for (const object of lent) endBorrow(object);
}

/** A host function answers with the value of `ok`, or throws an object with the `err` as its own property `payload`. */
function resultOf(host: HostFunction, values: unknown[]): unknown {
  try {
    return { tag: 'ok', val: host(...values) };
  } catch (error) {
    if (typeof error === 'object' && error !== null && Object.hasOwn(error, 'payload')) {
      return { tag: 'err', val: (error as { readonly payload: unknown }).payload };
    }
    throw error;
  }
}

export function okOrThrow(value: unknown): unknown {
  const { tag, val } = value as { readonly tag: 'ok' | 'err'; readonly val?: unknown };
  if (tag === 'ok') return val;
  throw new ComponentError(val);
}
