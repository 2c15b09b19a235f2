import type { Layout } from '../plan/layout.ts';
import type { CopyKind } from './async/copy-end.ts';
import { liftCopyEnd, lowerCopyEnd } from './async/copy-handles.ts';
import { SharedFuture } from './async/future.ts';
import type { HostEnd } from './async/host-end.ts';
import { SharedEnds } from './async/shared-ends.ts';
import { SharedStream } from './async/stream.ts';
import type { Boundary, Codec } from './codec.ts';
import type { LiftLowerContext } from './context.ts';
import { hostResource, lendRep, type ResourceType, takeRep, wrap } from './resources.ts';
import { loadUnsigned, storeUnsigned, unsigned } from './scalars.ts';
import { trap } from './trap.ts';

/** What JavaScript sees of a resource at a boundary. */
interface Shape {
  lift(cx: LiftLowerContext, type: ResourceType, rep: unknown): unknown;
  lower(type: ResourceType, value: unknown): unknown;
}

/** The codec of `own<R>`; `resource` is the index of R. */
export function ownCodec(resource: number, boundary: Boundary, layout: Layout): Codec {
  const shape = boundary === 'host' ? OWNED : BETWEEN_GUESTS;
  return handleCodec(layout, {
    lift(cx, index) {
      const type = cx.store.resources[resource]!;
      const handle = cx.instance.handles.remove(index, type);
      if (handle.borrowScope !== undefined) throw trap('cannot lift own resource from a borrow handle');
      return shape.lift(cx, type, handle.rep);
    },
    lower(cx, value) {
      const type = cx.store.resources[resource]!;
      return cx.instance.handles.add({ type, rep: shape.lower(type, value), borrowScope: undefined, lends: 0 });
    },
  });
}

/** The codec of `borrow<R>`. */
export function borrowCodec(resource: number, boundary: Boundary, layout: Layout): Codec {
  const shape = boundary === 'host' ? BORROWED : BETWEEN_GUESTS;
  return handleCodec(layout, {
    lift(cx, index) {
      const type = cx.store.resources[resource]!;
      const handle = cx.instance.handles.get(index, type);
      handle.lends++;
      cx.borrowScope!.lenders.push(handle);
      return shape.lift(cx, type, handle.rep);
    },
    lower(cx, value) {
      const type = cx.store.resources[resource]!;
      const rep = shape.lower(type, value);
      if (cx.instance === type.instance) return rep as number;
      const borrowScope = cx.borrowScope!;
      borrowScope.borrows++;
      return cx.instance.handles.add({ type, rep, borrowScope, lends: 0 });
    },
  });
}

/** The codec of `stream<T>` or `future<T>`; `type` is its index. */
export function copyEndCodec(kind: CopyKind, type: number, boundary: Boundary, layout: Layout): Codec {
  return handleCodec(layout, {
    lift(cx, index) {
      const shared = liftCopyEnd(cx, kind, type, index);
      if (boundary === 'host') shared.boundary = 'host';
      return shared;
    },
    lower: (cx, value) =>
      lowerCopyEnd(
        cx,
        value instanceof SharedEnds ? (value as SharedStream | SharedFuture) : connected(kind, type, value),
      ),
  });
}

/** What the guest shares with an end of the host's. */
function connected(kind: CopyKind, type: number, value: unknown): SharedStream | SharedFuture {
  const end = value as Partial<HostEnd> | undefined;
  if (end?.kind !== kind || typeof end.connect !== 'function') throw new TypeError(`Expected a ${kind}`);
  // Whether its elements may pass within one component is no matter: one side is the host.
  const shared = kind === 'stream' ? new SharedStream(type, true) : new SharedFuture(type, true);
  shared.boundary = 'host';
  end.connect(shared);
  return shared;
}

const BETWEEN_GUESTS: Shape = { lift: (_cx, _type, rep) => rep, lower: (_type, rep) => rep };

const OWNED: Shape = {
  lift: (_cx, type, rep) => (type.instance === undefined ? rep : wrap(type, rep as number, 'owned')),
  lower: (type, value) => (type.instance === undefined ? hostResource(value) : takeRep(type, value)),
};

const BORROWED: Shape = {
  lift(cx, type, rep) {
    if (type.instance === undefined) return rep;
    const object = wrap(type, rep as number, 'borrowed');
    cx.borrowScope!.lent.push(object);
    return object;
  },
  lower: (type, value) => (type.instance === undefined ? hostResource(value) : lendRep(type, value)),
};

function handleCodec(
  layout: Layout,
  handle: { lift(cx: LiftLowerContext, index: number): unknown; lower(cx: LiftLowerContext, value: unknown): number },
): Codec {
  const { lift, lower } = handle;
  return {
    layout,
    load: (cx, pointer) => lift(cx, loadUnsigned(cx, pointer, 4)),
    store: (cx, value, pointer) => storeUnsigned(cx, lower(cx, value), pointer, 4),
    lift: (cx, flat, at) => lift(cx, unsigned(flat[at])),
    lower(cx, value, flat, at) {
      flat[at] = lower(cx, value);
    },
  };
}
