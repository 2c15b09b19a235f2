import { fieldOffsets, type Layout } from '../plan/layout.ts';
import type { Codec } from './codec.ts';
import { toObject } from './scalars.ts';

/** Where in the flat values each field begins. */
function flatOffsets(fields: readonly Codec[]): readonly number[] {
  let end = 0;
  return fields.map(({ layout }) => {
    const at = end;
    end += layout.flat?.length ?? 0;
    return at;
  });
}

/** The codec of records: objects with a property for each field. */
export function recordCodec(keys: readonly string[], fields: readonly Codec[], layout: Layout): Codec {
  const count = fields.length;
  const offsets = fieldOffsets(fields.map((field) => field.layout));
  const flatAt = flatOffsets(fields);
  return {
    layout,
    load(cx, pointer) {
      const value: Record<string, unknown> = {};
      for (let index = 0; index < count; index++) {
        value[keys[index]!] = fields[index]!.load(cx, pointer + offsets[index]!);
      }
      return value;
    },
    store(cx, value, pointer) {
      const given = toObject(value);
      for (let index = 0; index < count; index++) {
        fields[index]!.store(cx, given[keys[index]!], pointer + offsets[index]!);
      }
    },
    lift(cx, flat, at) {
      const value: Record<string, unknown> = {};
      for (let index = 0; index < count; index++) {
        value[keys[index]!] = fields[index]!.lift(cx, flat, at + flatAt[index]!);
      }
      return value;
    },
    lower(cx, value, flat, at) {
      const given = toObject(value);
      for (let index = 0; index < count; index++) {
        fields[index]!.lower(cx, given[keys[index]!], flat, at + flatAt[index]!);
      }
    },
  };
}

/** The codec of tuples: arrays. Parameters pass as one, too. */
export function tupleCodec(elements: readonly Codec[], layout: Layout): Codec {
  const count = elements.length;
  const offsets = fieldOffsets(elements.map((element) => element.layout));
  const flatAt = flatOffsets(elements);
  const checked = (value: unknown): readonly unknown[] => {
    if (!Array.isArray(value)) throw new TypeError(`Expected an array of ${count} elements`);
    return value;
  };
  return {
    layout,
    load(cx, pointer) {
      const value: unknown[] = [];
      for (let index = 0; index < count; index++) value.push(elements[index]!.load(cx, pointer + offsets[index]!));
      return value;
    },
    store(cx, value, pointer) {
      const given = checked(value);
      for (let index = 0; index < count; index++) elements[index]!.store(cx, given[index], pointer + offsets[index]!);
    },
    lift(cx, flat, at) {
      const value: unknown[] = [];
      for (let index = 0; index < count; index++) value.push(elements[index]!.lift(cx, flat, at + flatAt[index]!));
      return value;
    },
    lower(cx, value, flat, at) {
      const given = checked(value);
      for (let index = 0; index < count; index++) elements[index]!.lower(cx, given[index], flat, at + flatAt[index]!);
    },
  };
}
