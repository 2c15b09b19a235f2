import type { LiftLowerContext } from '../context.ts';
import { trap } from '../trap.ts';
import { CopyEnd, type CopyKind } from './copy-end.ts';
import type { SharedFuture } from './future.ts';
import type { SharedStream } from './stream.ts';
import { addEntry, COPY_ENDS } from './waitable-handles.ts';

/** `lift_async_value`: takes the readable end away from the guest. @param type That of the stream or future. */
export function liftCopyEnd(
  { instance }: LiftLowerContext,
  kind: CopyKind,
  type: number,
  index: number,
): SharedStream | SharedFuture {
  const end = instance.handles.remove(index, COPY_ENDS[kind].readable).rep as CopyEnd;
  if (end.shared.type !== type) throw trap(`handle index ${index} is that of a ${kind} of another type`);
  if (end.state === 'done') throw trap(`cannot lift a ${kind} that is done`);
  if (end.state !== 'idle') throw trap(`cannot lift a ${kind} that is read`);
  if (end.set !== undefined) throw trap(`cannot lift a ${kind} that is in a waitable set`);
  return end.shared;
}

/** `lower_stream` and `lower_future`: gives the readable end to the guest. */
export function lowerCopyEnd({ instance }: LiftLowerContext, shared: SharedStream | SharedFuture): number {
  return addEntry(instance.handles, COPY_ENDS[shared.kind].readable, new CopyEnd(shared, true));
}
