import type { SharedFuture } from './future.ts';
import { never } from './host-end.ts';

/** Reads a future of a guest's. @param then Gets its value; it never comes where the guest ends without having written it. */
export function readFuture<Value>(shared: SharedFuture, then: (value: Value) => void): void {
  shared.read({
    instance: undefined,
    buffer: { remain: 1, isZeroLength: false, read: never, write: ([value]) => then(value as Value) },
    onCopy() {},
    onDone() {},
  });
}
