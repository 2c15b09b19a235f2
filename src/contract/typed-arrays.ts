/** The class of a typed array. */
export interface TypedArrayClass {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): ArrayBufferView;
  from(items: never): ArrayBufferView;
}

/** What lists of numbers come as. Their order is part of the protocol between processes: new ones go to the end. */
export const TYPED_ARRAYS: readonly TypedArrayClass[] = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  BigUint64Array,
  BigInt64Array,
  Float32Array,
  Float64Array,
];
