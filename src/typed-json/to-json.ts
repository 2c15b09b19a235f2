import { Buffer } from 'node:buffer';
import type { TypeIndex, TypeNode } from '../canonical-abi/plan/plan.ts';
import { lowerCamel } from '../component/js-names.ts';

/** A value of WIT, as `engine.call` gives it, as one that JSON can write: the other way of `fromJson`. */
export function toJson(types: readonly TypeNode[], index: TypeIndex, value: unknown): unknown {
  const type = types[index]!;
  const of = (part: TypeIndex, own: unknown): unknown => toJson(types, part, own);
  const payload = (part: TypeIndex | undefined, { tag, val }: Tagged): Tagged =>
    part === undefined ? { tag } : { tag, val: of(part, val) };
  switch (type.kind) {
    case 'u64':
    case 's64':
      return String(value);
    case 'f32':
    case 'f64':
      return Number.isFinite(value) ? value : String(value);
    case 'record':
      return Object.fromEntries(
        type.fields.map(({ name, type: part }) => {
          const key = lowerCamel(name);
          return [key, of(part, (value as Readonly<Record<string, unknown>>)[key])];
        }),
      );
    case 'tuple':
      return type.elements.map((part, place) => of(part, (value as readonly unknown[])[place]));
    case 'list': {
      if (types[type.element]!.kind !== 'u8') {
        return Array.from(value as ArrayLike<unknown>, (item) => of(type.element, item));
      }
      return Buffer.from(value as Uint8Array).toString('base64');
    }
    case 'option':
      if (types[type.some]!.kind === 'option') {
        const own = value as Tagged;
        return payload(own.tag === 'some' ? type.some : undefined, own);
      }
      return value === undefined || value === null ? null : of(type.some, value);
    case 'variant': {
      const own = value as Tagged;
      return payload(type.cases.find(({ name }) => name === own.tag)?.type, own);
    }
    case 'result': {
      const own = value as Tagged;
      return payload(own.tag === 'ok' ? type.ok : type.error, own);
    }
    default:
      // Texts, characters, booleans, flags, cases of enums and numbers of up to 32 bits are what JSON has.
      return value;
  }
}

interface Tagged {
  readonly tag: string;
  readonly val?: unknown;
}
