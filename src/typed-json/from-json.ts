import { Buffer } from 'node:buffer';
import { knownKeys } from '../arguments/arguments.ts';
import type { TypeIndex, TypeNode } from '../canonical-abi/plan/plan.ts';
import { PluginError } from '../errors.ts';
import { specialFloat } from './floats.ts';
import { INTEGERS } from './integers.ts';
import { type Labels, labelsOf } from './labels.ts';

const WIDE_RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  u64: [0n, 2n ** 64n - 1n],
  s64: [-(2n ** 63n), 2n ** 63n - 1n],
};
/** The longest number that 64 bits hold, with its sign: longer ones are not looked at. */
const MAX_DIGITS = 20;
/** Names that an error has. */
const MOST_NAMED = 8;
/** By single characters: what repeats a group runs out of the stack with some megabytes. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const TAGGED: Labels = new Map([
  ['tag', undefined],
  ['val', undefined],
]);

/**
 * A value of JSON as the value of WIT that `engine.call` takes. JSON has no integers of 64 bits, no bytes, no NaN and no
 * undefined; they are written as Protocol Buffers write them: a text of digits, base64, `"NaN"`, and null or nothing.
 *
 * @param at What the value is, for errors: the name of an argument.
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for what does not fit, which says where.
 */
export function fromJson(types: readonly TypeNode[], index: TypeIndex, value: unknown, at: string): unknown {
  const type = types[index]!;
  const of = (part: TypeIndex, own: unknown, where: string): unknown => fromJson(types, part, own, where);
  switch (type.kind) {
    case 'bool':
      return typeof value === 'boolean' ? value : misfit(at, 'true or false', value);
    case 'u64':
    case 's64':
      return wide(type.kind, value, at);
    case 'f32':
    case 'f64':
      return specialFloat(value) ?? finite(type.kind, value, at);
    case 'char':
      return typeof value === 'string' && value.length <= 2 && value.isWellFormed() && [...value].length === 1
        ? value
        : misfit(at, 'one character', value);
    case 'string':
      return typeof value === 'string' && value.isWellFormed() ? value : misfit(at, 'a text', value);
    case 'record': {
      const labels = labelsOf(type);
      const fields = objectOf(value, labels, at);
      return Object.fromEntries(Array.from(labels, ([name, part]) => [name, of(part!, fields[name], `${at}.${name}`)]));
    }
    case 'flags': {
      const labels = labelsOf(type);
      const flags = objectOf(value, labels, at);
      return Object.fromEntries(
        Array.from(labels.keys(), (name) => {
          const own = flags[name] ?? false;
          return [name, typeof own === 'boolean' ? own : misfit(`${at}.${name}`, 'true or false', own)];
        }),
      );
    }
    case 'enum':
      return labelsOf(type).has(value as string) ? value : misfit(at, oneOf(labelsOf(type)), value);
    case 'tuple':
      if (!Array.isArray(value) || value.length !== type.elements.length) {
        return misfit(at, `an array of ${type.elements.length} elements`, value);
      }
      return type.elements.map((part, place) => of(part, value[place], `${at}[${place}]`));
    case 'list': {
      const list = types[type.element]!.kind === 'u8' && typeof value === 'string' ? bytesOf(value, at) : value;
      if (!Array.isArray(list) && !(list instanceof Uint8Array)) return misfit(at, 'an array', value);
      if (type.length !== undefined && list.length !== type.length) {
        return misfit(at, `an array of ${type.length} elements`, value);
      }
      return Array.isArray(list) ? list.map((item, place) => of(type.element, item, `${at}[${place}]`)) : list;
    }
    case 'option':
      if (types[type.some]!.kind === 'option') {
        return tagged(labelsOf(type), value, at, of);
      }
      return value === undefined || value === null ? undefined : of(type.some, value, at);
    case 'variant':
    case 'result':
      return tagged(labelsOf(type), value, at, of);
    default: {
      const range = INTEGERS[type.kind];
      if (range === undefined) return misfit(at, 'a value that JSON has', value);
      const [least, most] = range;
      return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
        ? value
        : misfit(at, `a whole number from ${least} to ${most}`, value);
    }
  }
}

function wide(kind: string, value: unknown, at: string): bigint {
  const [least, most] = WIDE_RANGES[kind]!;
  const isText = typeof value === 'string' && value.length <= MAX_DIGITS && /^-?\d+$/.test(value);
  if (isText || Number.isSafeInteger(value)) {
    const whole = BigInt(value as string | number);
    if (whole >= least && whole <= most) return whole;
  }
  return misfit(at, `a ${kind}: a text of digits, or a number that JSON holds exactly`, value);
}

/** JSON has numbers that no float holds, `1e999`: they would be another one, silently. */
function finite(kind: 'f32' | 'f64', value: unknown, at: string): number {
  if (typeof value !== 'number') return misfit(at, 'a number', value);
  const held = kind === 'f32' ? Math.fround(value) : value;
  return Number.isFinite(held) ? value : misfit(at, `a number that an ${kind} holds`, value);
}

function bytesOf(text: string, at: string): Uint8Array {
  if (text.length % 4 !== 0 || !BASE64.test(text)) return misfit(at, 'bytes in base64', text);
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function tagged(
  cases: Labels,
  value: unknown,
  at: string,
  of: (type: TypeIndex, value: unknown, at: string) => unknown,
): unknown {
  const { tag, val } = objectOf(value, TAGGED, at);
  if (!cases.has(tag as string)) return misfit(`${at}.tag`, oneOf(cases), tag);
  const taken = cases.get(tag as string);
  if (taken !== undefined) return { tag, val: of(taken, val, `${at}.val`) };
  return val === undefined || val === null ? { tag } : misfit(`${at}.val`, 'nothing', val);
}

function objectOf(value: unknown, labels: Labels, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return misfit(at, 'an object', value);
  // Without what every object inherits: a field may be called `constructor`.
  const fields: Record<string, unknown> = Object.assign(Object.create(null), value);
  const unknown = Object.keys(fields).find((key) => !labels.has(key));
  if (unknown !== undefined) knownKeys(at, { [unknown]: undefined }, [...labels.keys()].slice(0, MOST_NAMED));
  return fields;
}

function oneOf(labels: Labels): string {
  const some = [...labels.keys()].slice(0, MOST_NAMED).map((name) => `"${name}"`);
  return `one of ${some.join(', ')}${labels.size > some.length ? ', …' : ''}`;
}

function misfit(at: string, expected: string, value: unknown): never {
  throw new PluginError('ERR_INVALID_ARGUMENT', `${at}: expected ${expected}, got ${shown(value)}`, {
    hint: '`docs/call.md` says how values of WIT are written in JSON.',
  });
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return 'a text that is none';
  return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
}
