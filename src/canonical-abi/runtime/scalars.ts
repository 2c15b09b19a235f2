import { brokenAbi } from '../glue.ts';
import type { Layout } from '../plan/layout.ts';
import type { TypeNode } from '../plan/plan.ts';
import type { Codec } from './codec.ts';
import type { LiftLowerContext } from './context.ts';
import type { FlatValue } from './flat-value.ts';

/**
 * A type whose values are one core value. A value of the host's that the type does not hold is refused: jco's glue cuts it
 * off, and 300 would reach a guest as the u8 44.
 */
interface Scalar<Value> {
  /** From a core value; its high bits, which the type lacks, do not count. */
  lift(value: FlatValue): Value;
  /** To a core value, and to what `set` takes. */
  lower(value: unknown): FlatValue;
  get(view: DataView, pointer: number): FlatValue;
  set(view: DataView, pointer: number, value: FlatValue): void;
}

function integer(
  kind: string,
  narrow: (value: number) => number,
  get: (view: DataView, pointer: number) => number,
  set: (view: DataView, pointer: number, value: FlatValue) => void,
): Scalar<number> {
  const lower = (value: unknown): number => {
    const narrowed = narrow(value as number);
    if (narrowed !== value) throw new TypeError(`Expected a ${kind}, got ${describeValue(value)}`);
    return narrowed;
  };
  return { lift: (value) => narrow(value as number), lower, get, set };
}

function wideInteger(
  kind: string,
  narrow: (value: bigint) => bigint,
  get: (view: DataView, pointer: number) => bigint,
  set: (view: DataView, pointer: number, value: FlatValue) => void,
): Scalar<bigint> {
  const lower = (value: unknown): bigint => {
    if (typeof value !== 'bigint' || narrow(value) !== value)
      throw new TypeError(`Expected a ${kind} (a bigint), got ${describeValue(value)}`);
    return value;
  };
  return { lift: (value) => narrow(value as bigint), lower, get, set };
}

const SCALARS: Readonly<Record<string, Scalar<unknown>>> = {
  bool: {
    lift: (value) => value !== 0,
    lower: (value) => (toBoolean(value) ? 1 : 0),
    get: (view, pointer) => view.getUint8(pointer),
    set: (view, pointer, value) => view.setUint8(pointer, value as number),
  },
  s8: integer(
    's8',
    (value) => (value << 24) >> 24,
    (view, pointer) => view.getInt8(pointer),
    (view, pointer, value) => view.setInt8(pointer, value as number),
  ),
  u8: integer(
    'u8',
    (value) => value & 0xff,
    (view, pointer) => view.getUint8(pointer),
    (view, pointer, value) => view.setUint8(pointer, value as number),
  ),
  s16: integer(
    's16',
    (value) => (value << 16) >> 16,
    (view, pointer) => view.getInt16(pointer, true),
    (view, pointer, value) => view.setInt16(pointer, value as number, true),
  ),
  u16: integer(
    'u16',
    (value) => value & 0xffff,
    (view, pointer) => view.getUint16(pointer, true),
    (view, pointer, value) => view.setUint16(pointer, value as number, true),
  ),
  s32: integer(
    's32',
    (value) => value | 0,
    (view, pointer) => view.getInt32(pointer, true),
    (view, pointer, value) => view.setInt32(pointer, value as number, true),
  ),
  u32: integer(
    'u32',
    (value) => value >>> 0,
    (view, pointer) => view.getUint32(pointer, true),
    (view, pointer, value) => view.setUint32(pointer, value as number, true),
  ),
  s64: wideInteger(
    's64',
    (value) => BigInt.asIntN(64, value),
    (view, pointer) => view.getBigInt64(pointer, true),
    (view, pointer, value) => view.setBigInt64(pointer, value as bigint, true),
  ),
  u64: wideInteger(
    'u64',
    (value) => BigInt.asUintN(64, value),
    (view, pointer) => view.getBigUint64(pointer, true),
    (view, pointer, value) => view.setBigUint64(pointer, value as bigint, true),
  ),
  f32: {
    lift: (value) => value,
    lower: (value) => Math.fround(toNumber(value)),
    get: (view, pointer) => view.getFloat32(pointer, true),
    set: (view, pointer, value) => view.setFloat32(pointer, value as number, true),
  },
  f64: {
    lift: (value) => value,
    lower: toNumber,
    get: (view, pointer) => view.getFloat64(pointer, true),
    set: (view, pointer, value) => view.setFloat64(pointer, value as number, true),
  },
  char: {
    lift: (value) => charOf((value as number) >>> 0),
    lower: codePointOf,
    get: (view, pointer) => view.getUint32(pointer, true),
    set: (view, pointer, value) => view.setUint32(pointer, value as number, true),
  },
};

/** The codec of a type that is one core value and no handle; undefined for other types. */
export function scalarCodec(type: TypeNode, layout: Layout): Codec | undefined {
  const scalar = SCALARS[type.kind];
  if (scalar === undefined) return undefined;
  const { get, set, lift, lower } = scalar;
  return {
    layout,
    load: (cx, pointer) => lift(get(cx.memory.view, pointer)),
    store: (cx, value, pointer) => set(cx.memory.view, pointer, lower(value)),
    lift: (_cx, flat, at) => lift(flat[at]!),
    lower(_cx, value, flat, at) {
      flat[at] = lower(value);
    },
  };
}

/** The codec of strings, which are a pointer and a number of code units. */
export function stringTypeCodec(layout: Layout): Codec {
  return {
    layout,
    load(cx, pointer) {
      const { view } = cx.memory;
      return cx.strings.load(cx, view.getUint32(pointer, true), view.getUint32(pointer + 4, true));
    },
    store(cx, value, pointer) {
      cx.strings.store(cx, value);
      const { view } = cx.memory;
      view.setUint32(pointer, cx.pointer, true);
      view.setUint32(pointer + 4, cx.units, true);
    },
    lift: (cx, flat, at) => cx.strings.load(cx, unsigned(flat[at]), unsigned(flat[at + 1])),
    lower(cx, value, flat, at) {
      cx.strings.store(cx, value);
      flat[at] = cx.pointer;
      flat[at + 1] = cx.units;
    },
  };
}

/** The codec of `flags`: an object of booleans. */
export function flagsCodec(names: readonly string[], layout: Layout): Codec {
  const lift = (bits: number): unknown => {
    const value: Record<string, boolean> = {};
    for (const [index, name] of names.entries()) value[name] = ((bits >>> index) & 1) === 1;
    return value;
  };
  const lower = (value: unknown): number => {
    let bits = 0;
    const given = toObject(value);
    for (const [index, name] of names.entries()) if (given[name]) bits |= 1 << index;
    return bits;
  };
  const { size } = layout;
  return {
    layout,
    load: (cx, pointer) => lift(loadUnsigned(cx, pointer, size)),
    store: (cx, value, pointer) => storeUnsigned(cx, lower(value) >>> 0, pointer, size),
    lift: (_cx, flat, at) => lift(flat[at] as number),
    lower(_cx, value, flat, at) {
      flat[at] = lower(value);
    },
  };
}

/** `load_int` of 1, 2 or 4 bytes. */
export function loadUnsigned({ memory }: LiftLowerContext, pointer: number, size: number): number {
  if (size === 1) return memory.view.getUint8(pointer);
  return size === 2 ? memory.view.getUint16(pointer, true) : memory.view.getUint32(pointer, true);
}

/** `store_int` of 1, 2 or 4 bytes. */
export function storeUnsigned({ memory }: LiftLowerContext, value: number, pointer: number, size: number): void {
  if (size === 1) memory.view.setUint8(pointer, value);
  else if (size === 2) memory.view.setUint16(pointer, value, true);
  else memory.view.setUint32(pointer, value, true);
}

/** An i32 as the unsigned number that pointers, lengths and discriminants are. */
export function unsigned(value: FlatValue | undefined): number {
  return (value as number) >>> 0;
}

/** The fields of a record, flags or variant that the host passes. */
export function toObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`Expected an object, got ${describeKind(value)}`);
  return value as Readonly<Record<string, unknown>>;
}

function toNumber(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`Expected a number, got ${describeKind(value)}`);
  return value;
}

function toBoolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`Expected a boolean, got ${describeKind(value)}`);
  return value;
}

/** Whether a type that is one core value, and no handle, holds a value. */
export function isOfScalar(kind: TypeNode['kind'], value: unknown): boolean {
  try {
    SCALARS[kind]?.lower(value);
    return true;
  } catch {
    return false;
  }
}

function describeValue(value: unknown): string {
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : describeKind(value);
}

function describeKind(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

/** `convert_i32_to_char` */
function charOf(codePoint: number): string {
  assertChar(codePoint);
  return String.fromCodePoint(codePoint);
}

export function assertChar(codePoint: number): void {
  if (codePoint >= 0x110000) throw brokenAbi('a char beyond U+10FFFF', {});
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) throw brokenAbi('a char that is a surrogate', {});
}

/** `char_to_i32` */
function codePointOf(value: unknown): number {
  const codePoint = typeof value === 'string' ? value.codePointAt(0) : undefined;
  if (codePoint === undefined || (codePoint >= 0xd800 && codePoint <= 0xdfff)) {
    throw new TypeError('Expected a string of one Unicode scalar value');
  }
  return codePoint;
}
