import { type NumberArrayConstructor, numberArrayOf } from '../../component/number-arrays.ts';
import { brokenAbi } from '../glue.ts';
import type { Layout } from '../plan/layout.ts';
import type { TypeNode } from '../plan/plan.ts';
import type { Codec } from './codec.ts';
import type { LiftLowerContext } from './context.ts';
import { unsigned } from './scalars.ts';

/** `MAX_LIST_BYTE_LENGTH` */
const MAX_BYTES = 2 ** 28 - 1;

/** What an element costs in a JavaScript array, roughly: a reference and the least that it refers to. */
const ELEMENT_BYTES = 16;
/** What a typed array costs beyond its elements, roughly: without it empty ones would be free. */
const ARRAY_BYTES = 128;

/** `load_list_from_range` and `store_list_into_range`, for one type of elements. */
interface Elements {
  load(cx: LiftLowerContext, pointer: number, length: number): unknown;
  /** Allocates; leaves where the list is in `cx.pointer`, and its length in `cx.units`. */
  store(cx: LiftLowerContext, value: unknown): void;
}

export function listCodec(element: TypeNode, codec: Codec, layout: Layout): Codec {
  const array = numberArrayOf(element.kind);
  const elements = array === undefined ? generic(codec) : numbers(array, codec);
  const load = (cx: LiftLowerContext, pointer: number, length: number): unknown => {
    checkList(cx, pointer, length, codec.layout);
    return elements.load(cx, pointer, length);
  };
  return {
    layout,
    load(cx, pointer) {
      const { view } = cx.memory;
      return load(cx, view.getUint32(pointer, true), view.getUint32(pointer + 4, true));
    },
    store(cx, value, pointer) {
      elements.store(cx, value);
      const { view } = cx.memory;
      view.setUint32(pointer, cx.pointer, true);
      view.setUint32(pointer + 4, cx.units, true);
    },
    lift: (cx, flat, at) => load(cx, unsigned(flat[at]), unsigned(flat[at + 1])),
    lower(cx, value, flat, at) {
      elements.store(cx, value);
      flat[at] = cx.pointer;
      flat[at + 1] = cx.units;
    },
  };
}

/** Checks where a list of the guest's lies. */
export function checkList(
  cx: LiftLowerContext,
  pointer: number,
  length: number,
  { alignment, size }: Pick<Layout, 'alignment' | 'size'>,
): void {
  const bytes = length * size;
  if (bytes > MAX_BYTES) throw brokenAbi(`a list of ${bytes} bytes; ${MAX_BYTES} are the most`, {});
  cx.check(pointer, alignment, bytes, 'a list');
}

/** Accounts for what a list takes of the host, before it is made. */
export function spendList({ store }: LiftLowerContext, length: number, size: number, isNumbers: boolean): void {
  store.spend(isNumbers ? length * size + ARRAY_BYTES : length * Math.max(size, ELEMENT_BYTES));
}

function generic(element: Codec): Elements {
  const { alignment, size } = element.layout;
  return {
    load(cx, pointer, length) {
      spendList(cx, length, size, false);
      const list: unknown[] = [];
      for (let index = 0; index < length; index++) list.push(element.load(cx, pointer + index * size));
      return list;
    },
    store(cx, value) {
      const list = toList(value);
      const { length } = list;
      const pointer = cx.allocate(alignment, checkedSize(length * size));
      for (let index = 0; index < length; index++) element.store(cx, list[index], pointer + index * size);
      cx.pointer = pointer;
      cx.units = length;
    },
  };
}

function numbers(array: NumberArrayConstructor, element: Codec): Elements {
  const { alignment, size } = element.layout;
  const { store: storeOther } = generic(element);
  return {
    load(cx, pointer, length) {
      spendList(cx, length, size, true);
      // Its own memory, also where the bytes are in one that threads share.
      return new array(cx.memory.bytes.slice(pointer, pointer + length * size).buffer);
    },
    store(cx, value) {
      if (!(value instanceof array)) {
        storeOther(cx, value);
        return;
      }
      const pointer = cx.allocate(alignment, checkedSize(value.byteLength));
      cx.memory.bytes.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), pointer);
      cx.pointer = pointer;
      cx.units = value.length;
    },
  };
}

/** The codec of lists of a fixed length, which lie where they are like tuples. */
export function arrayCodec(element: Codec, length: number, layout: Layout): Codec {
  const { size, flat: elementFlat } = element.layout;
  const flatSize = elementFlat?.length ?? 0;
  const checked = (value: unknown): ArrayLike<unknown> => {
    const list = toList(value);
    if (list.length !== length) throw new TypeError(`Expected a list of ${length} elements, got ${list.length}`);
    return list;
  };
  return {
    layout,
    load(cx, pointer) {
      cx.store.spend(length * ELEMENT_BYTES);
      return Array.from({ length }, (_, index) => element.load(cx, pointer + index * size));
    },
    store(cx, value, pointer) {
      const list = checked(value);
      for (let index = 0; index < length; index++) element.store(cx, list[index], pointer + index * size);
    },
    lift: (cx, flat, at) => Array.from({ length }, (_, index) => element.lift(cx, flat, at + index * flatSize)),
    lower(cx, value, flat, at) {
      const list = checked(value);
      for (let index = 0; index < length; index++) element.lower(cx, list[index], flat, at + index * flatSize);
    },
  };
}

function toList(value: unknown): ArrayLike<unknown> {
  if (Array.isArray(value)) return value;
  if (ArrayBuffer.isView(value) && 'length' in value) return value as unknown as ArrayLike<unknown>;
  throw new TypeError('Expected an array or a typed array');
}

function checkedSize(bytes: number): number {
  if (bytes > MAX_BYTES) throw new RangeError(`A list of ${bytes} bytes is too long for a guest`);
  return bytes;
}
