import { brokenAbi } from '../glue.ts';
import { discriminantSize, type FlatType, type Layout, payloadOffset } from '../plan/layout.ts';
import { type Codec, coerceLifted, coerceLowered, zeroOf } from './codec.ts';
import type { LiftLowerContext } from './context.ts';
import type { FlatValue } from './flat-value.ts';
import { loadUnsigned, storeUnsigned, toObject, unsigned } from './scalars.ts';

/** How the cases of a variant look in JavaScript: "Despecialization" of the specification, the other way round. */
interface Shape {
  /** The value for a case and its payload. */
  make(index: number, payload: unknown): unknown;
  /** Which case a value is. */
  indexOf(value: unknown): number;
  /** The payload of a value that is of a case which has one. */
  payloadOf(value: unknown): unknown;
}

/** `{tag, val}`, as jco has it. */
function tagged(names: readonly string[], payloads: readonly (Codec | undefined)[]): Shape {
  const indices = new Map(names.map((name, index) => [name, index]));
  return {
    make: (index, payload) =>
      payloads[index] === undefined ? { tag: names[index] } : { tag: names[index], val: payload },
    indexOf(value) {
      const index = indices.get(toObject(value).tag as string);
      if (index === undefined) throw new TypeError(`Expected a variant with one of its ${names.length} tags`);
      return index;
    },
    payloadOf: (value) => (value as { readonly val: unknown }).val,
  };
}

/** A value, or `undefined`. */
const OPTIONAL: Shape = {
  make: (_index, payload) => payload,
  indexOf: (value) => (value === undefined || value === null ? 0 : 1),
  payloadOf: (value) => value,
};

export function variantCodec(
  cases: readonly { readonly name: string; readonly codec: Codec | undefined }[],
  layout: Layout,
): Codec {
  const payloads = cases.map((entry) => entry.codec);
  return codec(
    tagged(
      cases.map(({ name }) => name),
      payloads,
    ),
    payloads,
    layout,
  );
}

/** A top-level `result` of a function passes like any other variant; who calls turns `err` into an exception. */
export function resultCodec(ok: Codec | undefined, error: Codec | undefined, layout: Layout): Codec {
  const names = ['ok', 'err'];
  const payloads = [ok, error];
  // With `val` also where a case has no payload, as jco has it for results and not for variants.
  const make = (index: number, payload: unknown): unknown => ({ tag: names[index], val: payload });
  return codec({ ...tagged(names, payloads), make }, payloads, layout);
}

/** @param nested Whether the payload may be `undefined` by itself, so that the option needs tags. */
export function optionCodec(some: Codec, nested: boolean, layout: Layout): Codec {
  const payloads = [undefined, some];
  return codec(nested ? tagged(['none', 'some'], payloads) : OPTIONAL, payloads, layout);
}

/** The codec of `enum`: a string. */
export function enumCodec(names: readonly string[], layout: Layout): Codec {
  const indices = new Map(names.map((name, index) => [name, index]));
  const { size } = layout;
  const lift = (index: number): string => {
    const name = names[index];
    if (name === undefined) throw badDiscriminant(index, names.length);
    return name;
  };
  const lower = (value: unknown): number => {
    const index = indices.get(value as string);
    if (index === undefined) throw new TypeError(`Expected one of the ${names.length} cases of an enum`);
    return index;
  };
  return {
    layout,
    load: (cx, pointer) => lift(loadUnsigned(cx, pointer, size)),
    store: (cx, value, pointer) => storeUnsigned(cx, lower(value), pointer, size),
    lift: (_cx, flat, at) => lift(unsigned(flat[at])),
    lower(_cx, value, flat, at) {
      flat[at] = lower(value);
    },
  };
}

function codec(shape: Shape, payloads: readonly (Codec | undefined)[], layout: Layout): Codec {
  const count = payloads.length;
  const size = discriminantSize(count);
  const offset = payloadOffset(payloads.map((payload) => payload?.layout));
  const flatTypes = layout.flat?.slice(1) ?? [];
  const flatCases = payloads.map((payload) => flatCase(payload, flatTypes));
  return {
    layout,
    load(cx, pointer) {
      const index = loadUnsigned(cx, pointer, size);
      if (index >= count) throw badDiscriminant(index, count);
      return shape.make(index, payloads[index]?.load(cx, pointer + offset));
    },
    store(cx, value, pointer) {
      const index = shape.indexOf(value);
      storeUnsigned(cx, index, pointer, size);
      payloads[index]?.store(cx, shape.payloadOf(value), pointer + offset);
    },
    lift(cx, flat, at) {
      const index = unsigned(flat[at]);
      if (index >= count) throw badDiscriminant(index, count);
      return shape.make(index, flatCases[index]!.lift(cx, flat, at + 1));
    },
    lower(cx, value, flat, at) {
      const index = shape.indexOf(value);
      flat[at] = index;
      flatCases[index]!.lower(cx, payloads[index] === undefined ? undefined : shape.payloadOf(value), flat, at + 1);
    },
  };
}

/** How the payload of one case passes in core values of the types that all cases share. */
function flatCase(payload: Codec | undefined, joined: readonly FlatType[]): Pick<Codec, 'lift' | 'lower'> {
  const own = payload?.layout.flat ?? [];
  const padding = joined.slice(own.length).map(zeroOf);
  const pad = (flat: FlatValue[], at: number): void => {
    for (let index = 0; index < padding.length; index++) flat[at + own.length + index] = padding[index]!;
  };
  if (payload === undefined) {
    return { lift: () => undefined, lower: (_cx, _value, flat, at) => pad(flat, at) };
  }
  if (own.every((type, index) => type === joined[index])) {
    return {
      lift: payload.lift,
      lower(cx, value, flat, at) {
        payload.lower(cx, value, flat, at);
        pad(flat, at);
      },
    };
  }
  const lifting = own.map((type, index) => coerceLifted(joined[index]!, type));
  const lowering = own.map((type, index) => coerceLowered(type, joined[index]!));
  return {
    lift(cx: LiftLowerContext, flat, at) {
      const values = lifting.map((coerce, index) => {
        const value = flat[at + index]!;
        return coerce === undefined ? value : coerce(value);
      });
      return payload.lift(cx, values, 0);
    },
    lower(cx, value, flat, at) {
      const values: FlatValue[] = [];
      payload.lower(cx, value, values, 0);
      for (const [index, coerce] of lowering.entries()) {
        flat[at + index] = coerce === undefined ? values[index]! : coerce(values[index]!);
      }
      pad(flat, at);
    },
  };
}

export function badDiscriminant(index: number, count: number): Error {
  return brokenAbi(`a discriminant of ${index} where there are ${count} cases`, {});
}
