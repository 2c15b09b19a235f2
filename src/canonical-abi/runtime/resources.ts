import { type Enterable, enter, leave } from './entering.ts';
import { trap } from './trap.ts';

/** A resource type. Its identity is that of the object. */
export interface ResourceType {
  /** The instance that implements it; undefined for one of the host's. */
  readonly instance: Enterable | undefined;
  readonly destructor: ((rep: number) => void) | undefined;
  /** The prototype of the host's objects for a resource of a guest. */
  prototype: object;
  /** How often its instance was brought back to an earlier state: of one that was made since, the guest knows nothing. */
  life: number;
}

/** A resource of a guest as the host holds it. */
interface Holding {
  readonly type: ResourceType;
  readonly rep: number;
  /** The {@link ResourceType.life} that it belongs to. */
  readonly life: number;
  /** `owned`: to be dropped or passed on by the host. `borrowed`: good for one call. `gone`: neither any more. */
  state: 'owned' | 'borrowed' | 'gone';
}

/** In a map of our own and not in the object: there is nothing to forge, and its methods may have any names. */
const holdings = new WeakMap<object, Holding>();

/** The host's object for a resource that a guest defines. */
export function wrap(type: ResourceType, rep: number, state: 'owned' | 'borrowed'): object {
  const object = Object.create(type.prototype) as object;
  holdings.set(object, { type, rep, life: type.life, state });
  if (state === 'owned') wrapped?.push(object);
  return object;
}

/** Where those are noted that come into the host's hands while somebody wants to know. */
let wrapped: object[] | undefined;

/** Calls something, and tells which resources of guests the host has come to own meanwhile. */
export function noteOwned<Value>(call: () => Value): { readonly value: Value; readonly owned: readonly object[] } {
  const before = wrapped;
  const owned: object[] = [];
  wrapped = owned;
  try {
    return { value: call(), owned };
  } finally {
    wrapped = before;
  }
}

/** Has an object stand for another one of the host's, as if it were that. */
export function standIn(place: object, object: object): void {
  const found = holdings.get(object);
  if (found !== undefined) holdings.set(place, found);
}

/** Whether the host still owns a resource. */
export function isHeld(object: object): boolean {
  return holdings.get(object)?.state === 'owned';
}

/** The type of a resource of a guest that the host has, or had. */
export function typeOfHeld(object: unknown): ResourceType | undefined {
  return typeof object === 'object' && object !== null ? holdings.get(object)?.type : undefined;
}

/** What tells whether two objects stand for the same resource. */
export function identityOf(object: object): unknown {
  return holdings.get(object);
}

function holding(type: ResourceType, object: unknown): Holding {
  const found = typeof object === 'object' && object !== null ? holdings.get(object) : undefined;
  if (found?.type !== type) throw new TypeError('Expected a resource of the type that the function takes');
  if (found.state === 'gone' || found.life !== type.life) throw new TypeError('The resource was dropped or passed on');
  return found;
}

/** The representation of a resource that the host passes on for good. */
export function takeRep(type: ResourceType, object: unknown): number {
  const found = holding(type, object);
  if (found.state !== 'owned') throw new TypeError('The resource is borrowed, and cannot be passed on');
  found.state = 'gone';
  return found.rep;
}

export function lendRep(type: ResourceType, object: unknown): number {
  return holding(type, object).rep;
}

/** Ends a borrow: the object is of no use after the call that it was lent to. */
export function endBorrow(object: object): void {
  const found = holdings.get(object);
  if (found?.state === 'borrowed') found.state = 'gone';
}

/** Drops a resource that the host owns; does nothing for one that it does not own any more. */
export function dropHeld(object: object, entering: readonly Enterable[]): void {
  const found = holdings.get(object);
  if (found?.state !== 'owned' || found.life !== found.type.life) return;
  found.state = 'gone';
  destroy(found.type, found.rep, entering);
}

/** The end of `canon resource.drop` for an owning handle: runs the destructor. */
export function destroy(type: ResourceType, rep: unknown, entering: readonly Enterable[]): void {
  if (type.instance === undefined) {
    const dispose = (rep as Partial<Disposable> | undefined)?.[Symbol.dispose];
    if (typeof dispose === 'function') dispose.call(rep as Disposable);
    return;
  }
  // Also without a destructor: whether the instance may be entered must not depend on it.
  enter(entering);
  type.destructor?.(rep as number);
  leave(entering);
}

/** A resource of the host's own. */
export function hostResource(value: unknown): object {
  if (typeof value !== 'object' || value === null) throw new TypeError('Expected a resource');
  return value;
}

/** @throws a trap when a call keeps what it was lent. */
export function assertReturned(borrows: number): void {
  if (borrows > 0) throw trap('borrow handles still remain at the end of the call');
}
