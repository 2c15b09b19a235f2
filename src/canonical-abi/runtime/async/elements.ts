import { numberArrayOf } from '../../../component/number-arrays.ts';
import type { TypeIndex, TypeNode } from '../../plan/plan.ts';
import type { Boundary, Codec } from '../codec.ts';
import type { LiftLowerContext } from '../context.ts';

/** What passes in one copy: the bytes of numbers, or values. */
export type Chunk = Uint8Array<ArrayBuffer> | readonly unknown[];

/** How the elements of a stream or future lie in memory. */
export interface Elements {
  readonly alignment: number;
  readonly size: number;
  /** Whether they are numbers, or there is nothing in them. */
  readonly plain: boolean;
  /** The bytes of numbers are those of the guest's memory, good until it changes. */
  load(cx: LiftLowerContext, boundary: Boundary, pointer: number, count: number): Chunk;
  store(cx: LiftLowerContext, boundary: Boundary, pointer: number, chunk: Chunk, from: number, count: number): void;
}

/** What it costs the host to hold one value, roughly. */
const VALUE_BYTES = 16;

/** @param element Undefined for one that passes nothing but that it passes. */
export function elementsOf(
  element: TypeIndex | undefined,
  types: readonly TypeNode[],
  codecs: (boundary: Boundary) => readonly Codec[],
): Elements {
  if (element === undefined) return NOTHING;
  const { alignment, size } = codecs('guest')[element]!.layout;
  if (numberArrayOf(types[element]!.kind) !== undefined) {
    return {
      alignment,
      size,
      plain: true,
      load: ({ memory }, _boundary, pointer, count) => memory.bytes.subarray(pointer, pointer + count * size),
      store({ memory }, _boundary, pointer, chunk, from, count) {
        memory.bytes.set((chunk as Uint8Array).subarray(from * size, (from + count) * size), pointer);
      },
    };
  }
  return {
    alignment,
    size,
    plain: false,
    load(cx, boundary, pointer, count) {
      const codec = codecs(boundary)[element]!;
      cx.store.beginLifting();
      cx.store.spend(count * Math.max(size, VALUE_BYTES));
      return Array.from({ length: count }, (_, index) => codec.load(cx, pointer + index * size));
    },
    store(cx, boundary, pointer, chunk, from, count) {
      const codec = codecs(boundary)[element]!;
      const values = chunk as readonly unknown[];
      for (let index = 0; index < count; index++) codec.store(cx, values[from + index], pointer + index * size);
    },
  };
}

const NOTHING: Elements = { alignment: 1, size: 0, plain: true, load: () => [], store: () => {} };
