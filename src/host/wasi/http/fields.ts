import { Buffer } from 'node:buffer';
import { WitError } from '../../wit-error.ts';
import type { WasiHost } from '../host.ts';
import type { Field } from '../network/protocol.ts';
import { Resource } from '../resource.ts';

/** The variant `header-error` of `wasi:http/types`. */
interface HeaderError {
  readonly tag: 'invalid-syntax' | 'forbidden' | 'immutable';
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Headers that belong to the transport and not to the guest; the list is wasmtime's. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Every entry costs this many bytes on top of its name and value, so that empty ones are not free. */
const ENTRY_OVERHEAD = 32;

function headerError(tag: HeaderError['tag']): WitError<HeaderError> {
  return new WitError<HeaderError>({ tag });
}

/** No control characters but the tab: a line break would forge a header (RFC 9110, 5.5). */
function isFieldValue(value: Uint8Array): boolean {
  return value.every((byte) => (byte >= 0x20 && byte !== 0x7f) || byte === 0x09);
}

function check(name: string, values: readonly Uint8Array[]): void {
  if (!TOKEN.test(name) || !values.every(isFieldValue)) throw headerError('invalid-syntax');
  if (FORBIDDEN.has(name.toLowerCase())) throw headerError('forbidden');
}

/** Entries as the guest sent them, if all are allowed. */
export function checked(entries: readonly Field[]): readonly Field[] {
  for (const [name, value] of entries) check(name, [value]);
  return entries;
}

/** What a guest may see of the headers that came from a server. */
export function withoutTransport(fields: readonly Field[]): readonly Field[] {
  return fields.filter(([name]) => !FORBIDDEN.has(name.toLowerCase()));
}

function cost(entries: readonly Field[]): number {
  return entries.reduce((sum, [name, value]) => sum + name.length + value.length + ENTRY_OVERHEAD, 0);
}

/**
 * `wasi:http/types.fields`, in memory. Names compare without case, and keep the case and order they came in. The
 * entries are searched one after the other: their number is bounded by what an instance may have the host hold.
 */
export class HeaderFields extends Resource {
  #entries: readonly Field[] = [];
  #access: 'mutable' | 'immutable' = 'mutable';

  /** Fills a new object; the caller has checked the entries. */
  adopt(entries: readonly Field[], access: 'mutable' | 'immutable'): this {
    this.#replace(entries);
    this.#access = access;
    return this;
  }

  /** The entries, for the host's own use. */
  list(): readonly Field[] {
    return this.#entries;
  }

  get(name: string): Uint8Array[] {
    this.host.hostCall();
    return this.#entries.filter(named(name)).map(([, value]) => value);
  }

  has(name: string): boolean {
    this.host.hostCall();
    return this.#entries.some(named(name));
  }

  set(name: string, values: readonly Uint8Array[]): void {
    this.#change();
    check(name, values);
    this.#replace([...this.#entries.filter(notNamed(name)), ...values.map((value): Field => [name, value])]);
  }

  delete(name: string): void {
    this.#change();
    check(name, []);
    this.#replace(this.#entries.filter(notNamed(name)));
  }

  append(name: string, value: Uint8Array): void {
    this.#change();
    check(name, [value]);
    this.#replace([...this.#entries, [name, value]]);
  }

  entries(): [string, Uint8Array][] {
    this.host.hostCall();
    return this.#entries.map(([name, value]) => [name, value]);
  }

  clone(): HeaderFields {
    this.host.hostCall();
    return this.another().adopt(this.#entries, 'mutable');
  }

  /** An empty object of the same class: each instance has a class of its own, see `types.ts`. */
  protected another(): HeaderFields {
    return new (this.constructor as new (host: WasiHost) => HeaderFields)(this.host);
  }

  /** A view that cannot be changed, as `headers()` of a request gives it. */
  frozen(): HeaderFields {
    return this.frozenWith(this.#entries);
  }

  /** An object of the same class with other entries, which cannot be changed: the headers of a response. */
  frozenWith(entries: readonly Field[]): HeaderFields {
    return this.another().adopt(entries, 'immutable');
  }

  /** The values of a header as text, for the host's own use. */
  valuesOf(name: string): string[] {
    return this.#entries.filter(named(name)).map(([, value]) => Buffer.from(value).toString('latin1'));
  }

  protected override dropped(): void {
    this.#replace([]);
  }

  #change(): void {
    this.host.hostCall();
    if (this.#access === 'immutable') throw headerError('immutable');
  }

  #replace(entries: readonly Field[]): void {
    this.host.hold(cost(entries) - cost(this.#entries));
    this.#entries = entries;
  }
}

/** What the host needs of an instance's `wasi:http/types` to make headers itself. */
export interface FieldsClass {
  readonly Fields: new () => HeaderFields;
}

function named(name: string): (entry: Field) => boolean {
  const wanted = name.toLowerCase();
  return ([candidate]) => candidate.toLowerCase() === wanted;
}

function notNamed(name: string): (entry: Field) => boolean {
  const matches = named(name);
  return (entry) => !matches(entry);
}
