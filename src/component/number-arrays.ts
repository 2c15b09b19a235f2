/** What a list of numbers is in JavaScript. */
export type NumberArrayConstructor =
  | typeof Uint8Array
  | typeof Int8Array
  | typeof Uint16Array
  | typeof Int16Array
  | typeof Uint32Array
  | typeof Int32Array
  | typeof BigUint64Array
  | typeof BigInt64Array
  | typeof Float32Array
  | typeof Float64Array;

const NUMBER_ARRAYS: ReadonlyMap<string, NumberArrayConstructor> = new Map<string, NumberArrayConstructor>([
  ['u8', Uint8Array],
  ['s8', Int8Array],
  ['u16', Uint16Array],
  ['s16', Int16Array],
  ['u32', Uint32Array],
  ['s32', Int32Array],
  ['u64', BigUint64Array],
  ['s64', BigInt64Array],
  ['f32', Float32Array],
  ['f64', Float64Array],
]);

/**
 * The typed array that a list is whose elements are of this kind, as jco has it; undefined where it is an array like any
 * other. Memory is little-endian, and so is everything that Node runs on.
 */
export function numberArrayOf(kind: string): NumberArrayConstructor | undefined {
  return NUMBER_ARRAYS.get(kind);
}
