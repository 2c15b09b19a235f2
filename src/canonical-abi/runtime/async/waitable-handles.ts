import type { HandleTable } from '../handles.ts';
import type { ResourceType } from '../resources.ts';
import { trap } from '../trap.ts';
import type { CopyKind } from './copy-end.ts';
import { Waitable, type WaitableSet } from './waitable.ts';

/*
 * Waitables and waitable sets have their indices in the table of handles. What tells them from handles, and from each
 * other, is a type that no resource has.
 */

const kind = (): ResourceType => ({ instance: undefined, destructor: undefined, prototype: Object.prototype, life: 0 });

export const WAITABLE_SET: ResourceType = kind();
export const SUBTASK_HANDLE: ResourceType = kind();
export const COPY_ENDS: Readonly<Record<CopyKind, Readonly<Record<'readable' | 'writable', ResourceType>>>> = {
  stream: { readable: kind(), writable: kind() },
  future: { readable: kind(), writable: kind() },
};

export function addEntry(handles: HandleTable, type: ResourceType, rep: object): number {
  return handles.add({ type, rep, borrowScope: undefined, lends: 0 });
}

export function waitableAt(handles: HandleTable, index: number): Waitable {
  const { rep } = handles.at(index);
  if (!(rep instanceof Waitable)) throw trap(`handle index ${index} is that of no waitable`);
  return rep;
}

export function waitableSetAt(handles: HandleTable, index: number): WaitableSet {
  return handles.get(index, WAITABLE_SET).rep as WaitableSet;
}
