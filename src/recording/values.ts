import { createHash } from 'node:crypto';

/**
 * A value of WIT, or of what a host function takes and gives, as JSON has it.
 *
 * @example
 * const seconds: TapeValue = { $: 'integer', v: '1796063688' };
 * console.log(JSON.stringify(seconds));
 */
export type TapeValue = null | boolean | number | string | readonly TapeValue[] | { readonly [key: string]: TapeValue };

/** By this key what JSON lacks is told from records: no name in WIT can be it. */
const KIND = '$';
/** Bytes that a guest hands over of which a tape has more than their hash. */
const SHOWN_BYTES = 256;

const ARRAYS = {
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
} as const;

/** What cannot be put on a tape: a stream, a function. */
export class Unrecordable extends Error {}

/** Stands for a resource of a host that is not here. */
class Played {}

/** Resources by numbers, in the order in which they were met: two runs that do the same give them the same ones. */
export class Resources {
  readonly #numbers = new WeakMap<object, number>();
  /** Only where they are found by their numbers: a warm instance that is recorded would hold all that it ever met. */
  readonly #objects: Map<number, object> | undefined;
  #last = 0;

  constructor(kind: 'record' | 'play') {
    this.#objects = kind === 'play' ? new Map() : undefined;
  }

  numberOf(resource: object): number {
    const known = this.#numbers.get(resource);
    if (known !== undefined) return known;
    const number = ++this.#last;
    this.#numbers.set(resource, number);
    this.#objects?.set(number, resource);
    return number;
  }

  /** The one of a number; what stands for it, where there is none yet. */
  withNumber(number: number): object {
    const known = this.#objects?.get(number);
    if (known !== undefined) return known;
    const resource = new Played();
    this.#last = Math.max(this.#last, number);
    this.#numbers.set(resource, number);
    this.#objects?.set(number, resource);
    return resource;
  }
}

/**
 * A value for a tape.
 *
 * @param bytes `hashed`: of more than some bytes only their hash, which is enough to tell whether they are the same.
 * @throws {Unrecordable}
 */
export function toTape(value: unknown, resources: Resources, bytes: 'whole' | 'hashed'): TapeValue {
  switch (typeof value) {
    case 'undefined':
      return { [KIND]: 'none' };
    case 'boolean':
    case 'string':
      return value;
    case 'bigint':
      return { [KIND]: 'integer', v: `${value}` };
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { [KIND]: 'number', v: shown(value) };
    case 'object':
      break;
    default:
      throw new Unrecordable(`a ${typeof value}`);
  }
  if (value === null) return null;
  if (ArrayBuffer.isView(value)) return viewToTape(value, bytes);
  if (Array.isArray(value)) return value.map((item) => toTape(item, resources, bytes));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toTape(item, resources, bytes)]));
  }
  if (value instanceof ReadableStream || 'then' in value || Symbol.asyncIterator in value) {
    throw new Unrecordable('a stream or a future');
  }
  return { [KIND]: 'resource', v: resources.numberOf(value) };
}

function shown(value: number): string {
  return Object.is(value, -0) ? '-0' : `${value}`;
}

function viewToTape(value: ArrayBufferView, bytes: 'whole' | 'hashed'): TapeValue {
  const { name } = value.constructor;
  if (!Object.hasOwn(ARRAYS, name) && !(value instanceof Uint8Array)) throw new Unrecordable(`a ${name}`);
  const kind = Object.hasOwn(ARRAYS, name) ? name : 'Uint8Array';
  const all = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (bytes === 'whole' || all.length <= SHOWN_BYTES) return { [KIND]: kind, v: all.toString('base64') };
  return { [KIND]: 'hashed', v: createHash('sha256').update(all).digest('hex'), bytes: all.length };
}

/** What {@link toTape} was given; resources are what the numbers stand for. @throws {TypeError} for what it never wrote. */
export function fromTape(value: TapeValue, resources: Resources): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: TapeValue) => fromTape(item, resources));
  const fields = value as { readonly [key: string]: TapeValue };
  const { [KIND]: kind, v } = fields;
  if (kind === undefined) {
    return Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, fromTape(item, resources)]));
  }
  if (kind === 'none') return undefined;
  if (kind === 'resource' && typeof v === 'number') return resources.withNumber(v);
  if (typeof v !== 'string' || typeof kind !== 'string') throw new TypeError('A value of the recording is malformed');
  if (kind === 'integer') return BigInt(v);
  if (kind === 'number') return Number(v);
  const array = Object.hasOwn(ARRAYS, kind) ? ARRAYS[kind as keyof typeof ARRAYS] : undefined;
  if (array === undefined) throw new TypeError(`The recording holds a value of an unknown kind, ${kind}`);
  const bytes = Uint8Array.from(Buffer.from(v, 'base64'));
  return new array(bytes.buffer, 0, bytes.length / array.BYTES_PER_ELEMENT);
}
