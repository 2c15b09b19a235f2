import { Buffer } from 'node:buffer';
import type { TypeIndex, TypeNode } from '../canonical-abi/plan/plan.ts';
import { PluginError } from '../errors.ts';
import { INTEGERS } from './integers.ts';
import { type Labels, labelsOf } from './labels.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * A value of WIT, as `engine.call` gives it, as one that JSON can write: the other way of `fromJson`. What comes from a process of
 * its own may be another value than its type says, and what only looks like a list could have any length.
 *
 * @throws {PluginError} `ERR_INVALID_RESPONSE` for what is no value of the type.
 */
export function toJson(types: readonly TypeNode[], index: TypeIndex, value: unknown): unknown {
  const type = types[index]!;
  const of = (part: TypeIndex, own: unknown): unknown => toJson(types, part, own);
  switch (type.kind) {
    case 'bool':
      return typeof value === 'boolean' ? value : misfit();
    case 'u64':
    case 's64':
      return typeof value === 'bigint' ? String(value) : misfit();
    case 'f32':
    case 'f64':
      if (typeof value !== 'number') return misfit();
      return Number.isFinite(value) ? value : String(value);
    case 'char':
    case 'string':
      return typeof value === 'string' ? value : misfit();
    case 'record': {
      const fields = fieldsOf(value);
      return Object.fromEntries(Array.from(labelsOf(type), ([name, part]) => [name, of(part!, own(fields, name))]));
    }
    case 'flags': {
      const flags = fieldsOf(value);
      return Object.fromEntries(Array.from(labelsOf(type).keys(), (name) => [name, own(flags, name) === true]));
    }
    case 'enum':
      return labelsOf(type).has(value as string) ? value : misfit();
    case 'tuple':
      if (!Array.isArray(value) || value.length !== type.elements.length) return misfit();
      return type.elements.map((part, place) => of(part, value[place]));
    case 'list':
      if (types[type.element]!.kind === 'u8') {
        return Array.isArray(value) || value instanceof Uint8Array ? Buffer.from(value).toString('base64') : misfit();
      }
      if (!Array.isArray(value) && !ArrayBuffer.isView(value)) return misfit();
      return Array.from(value as ArrayLike<unknown>, (item) => of(type.element, item));
    case 'option':
      if (types[type.some]!.kind === 'option') return tagged(labelsOf(type), value, of);
      return value === undefined || value === null ? null : of(type.some, value);
    case 'variant':
    case 'result':
      return tagged(labelsOf(type), value, of);
    default:
      return type.kind in INTEGERS && Number.isInteger(value) ? value : misfit();
  }
}

function tagged(cases: Labels, value: unknown, of: (part: TypeIndex, value: unknown) => unknown): Fields {
  const { tag, val } = fieldsOf(value);
  if (!cases.has(tag as string)) return misfit();
  const part = cases.get(tag as string);
  return part === undefined ? { tag } : { tag, val: of(part, val) };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : misfit();
}

/** A field may be called as what every object inherits. */
function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function misfit(): never {
  throw new PluginError('ERR_INVALID_RESPONSE', 'What the function returned is no value of its type', {
    hint: 'The process that ran it is not to be trusted: load the plugin anew, and look at where the component comes from.',
  });
}
