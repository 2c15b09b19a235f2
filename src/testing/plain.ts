import { Buffer } from 'node:buffer';
import { types } from 'node:util';
import { invalidArgument } from '../arguments/arguments.ts';
import { TYPED_ARRAYS } from '../contract/typed-arrays.ts';

/** What JSON has, and a person can read. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain };

/** What stands for a value that JSON does not have: `{"$bigint": "1"}`. WIT has no name with a `$`. */
const BIGINT = '$bigint';
const BYTES = '$bytes';
const NUMBER = '$number';
const NOTHING = '$undefined';

/** What WIT's lists of other numbers than bytes come as, by what stands for them. */
const ARRAYS = new Map(TYPED_ARRAYS.map((type) => [`$${type.name}`, type]));

/**
 * Makes plain what goes into a call and comes out of it.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for what has no value outside of its engine: resources, streams, functions.
 */
export function toPlain(value: unknown): Plain {
  if (value === undefined) return { [NOTHING]: true };
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'bigint') return { [BIGINT]: `${value}` };
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { [NUMBER]: Object.is(value, -0) ? '-0' : `${value}` };
  if (typeof value === 'object') {
    if (types.isUint8Array(value)) return { [BYTES]: Buffer.from(value).toString('base64') };
    if (types.isTypedArray(value)) {
      return { [`$${value[Symbol.toStringTag]}`]: Array.from(value as Iterable<unknown>, toPlain) };
    }
    if (Array.isArray(value)) return value.map(toPlain);
    const prototype = Object.getPrototypeOf(value);
    // Of another realm, in Jest, where no prototype is the same.
    if (prototype === null || Object.getPrototypeOf(prototype) === null) {
      return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toPlain(field)]));
    }
  }
  throw invalidArgument(
    'a value of a call',
    'data, which a recording can hold',
    value,
    'Test with a real engine what passes resources, streams or functions.',
  );
}

/** What {@link toPlain} was given. */
export function fromPlain(plain: Plain): unknown {
  if (plain === null || typeof plain !== 'object') return plain;
  if (Array.isArray(plain)) return plain.map(fromPlain);
  const [[name, held] = [], ...more] = Object.entries(plain);
  if (more.length === 0 && name?.startsWith('$')) {
    if (name === NOTHING) return undefined;
    if (name === BIGINT) return BigInt(held as string);
    if (name === NUMBER) return Number(held);
    if (name === BYTES) return new Uint8Array(Buffer.from(held as string, 'base64'));
    const array = ARRAYS.get(name);
    if (array !== undefined) return Reflect.apply(array.from, array, [fromPlain(held as Plain)]);
  }
  return Object.fromEntries(Object.entries(plain).map(([field, inner]) => [field, fromPlain(inner)]));
}
