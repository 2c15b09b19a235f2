import type { FlatType, Layout } from '../plan/layout.ts';
import type { LiftLowerContext } from './context.ts';
import type { FlatValue } from './flat-value.ts';

/**
 * How values of one type pass between JavaScript and a guest: "Loading", "Storing", "Flat Lifting" and "Flat Lowering"
 * of the specification. Made once for each type; nothing looks at the type again when a value passes.
 */
export interface Codec {
  readonly layout: Layout;
  /** The value at an address that is aligned and in bounds. */
  load(cx: LiftLowerContext, pointer: number): unknown;
  /** Writes a value to an address that is aligned and in bounds. */
  store(cx: LiftLowerContext, value: unknown, pointer: number): void;
  /** The value that is flattened in `flat` from `at` on. */
  lift(cx: LiftLowerContext, flat: readonly FlatValue[], at: number): unknown;
  /** Flattens a value into `flat` from `at` on. */
  lower(cx: LiftLowerContext, value: unknown, flat: FlatValue[], at: number): void;
}

/** Whose JavaScript sees the values. Between guests it is only ours: names stay as they are, resources are their representations. */
export type Boundary = 'host' | 'guest';

const scratch = new DataView(new ArrayBuffer(8));

/** Turns a core value of the type that a variant's payload is joined into, into one of the type that a case has. */
export function coerceLifted(have: FlatType, want: FlatType): ((value: FlatValue) => FlatValue) | undefined {
  if (have === want) return undefined;
  if (have === 'i32') return (value) => floatOfBits(Number(value));
  if (want === 'i32') return (value) => Number(BigInt.asIntN(32, value as bigint));
  if (want === 'f32') return (value) => floatOfBits(Number(BigInt.asIntN(32, value as bigint)));
  return (value) => {
    scratch.setBigInt64(0, value as bigint);
    return scratch.getFloat64(0);
  };
}

/** The opposite of {@link coerceLifted}. */
export function coerceLowered(have: FlatType, want: FlatType): ((value: FlatValue) => FlatValue) | undefined {
  if (have === want) return undefined;
  if (want === 'i32') return (value) => bitsOfFloat(value as number);
  if (have === 'i32') return (value) => BigInt((value as number) >>> 0);
  if (have === 'f32') return (value) => BigInt(bitsOfFloat(value as number) >>> 0);
  return (value) => {
    scratch.setFloat64(0, value as number);
    return scratch.getBigInt64(0);
  };
}

export function zeroOf(type: FlatType): FlatValue {
  return type === 'i64' ? 0n : 0;
}

function floatOfBits(bits: number): number {
  scratch.setInt32(0, bits);
  return scratch.getFloat32(0);
}

function bitsOfFloat(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getInt32(0);
}
