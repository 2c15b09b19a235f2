import { Buffer } from 'node:buffer';
import { Later } from '../clock/later.ts';
import { lowerCamel, upperCamel } from '../component/js-names.ts';
import { fromWire, PluginError, toWire } from '../errors.ts';
import type { HostCallEntry, TapeMessage, TapeOrder } from './tape.ts';
import { fromTape, Resources, type TapeValue, toTape, Unrecordable } from './values.ts';

type HostFunction = (this: unknown, ...values: unknown[]) => unknown;

/** What a function of the component's imports is found by. */
interface Needed {
  readonly name: string;
  readonly kind: 'interface' | 'function';
  readonly functions: readonly string[];
}

/**
 * What runs as ever, recorded or played: what a plugin says, its configuration, and how it exits follow from what a recording has
 * beside the calls.
 */
const LIVE: ReadonlySet<string> = new Set(['wasi:cli/exit', 'wasi:cli/stdout', 'wasi:cli/stderr']);
const HOST_API = /^toolsku:plugin-system\/host-api(?:@|$)/;

/**
 * Stands between an instance and the functions of its host. It takes down each call with its answer, or has the calls answered
 * from a tape; then it takes them down as well, so that two runs can be compared.
 */
export class Tap {
  readonly #order: TapeOrder;
  readonly #write: (text: string) => boolean;
  readonly #resources: Resources;
  /** The streams that a plugin prints to. */
  readonly #live = new WeakSet<object>();
  /** `start` until the instance is up; `off` in calls that are no request's. */
  #phase: 'start' | 'request' | 'off' = 'start';
  #start: HostCallEntry[] = [];
  #startGap: string | undefined;
  #served = 0;
  /** Bytes of the calls of this phase that were taken down; past the limit, or after one that could not be, no more are. */
  #bytes = 0;
  #gap: string | undefined;
  /** What is played next. */
  #next = 0;

  /** @param write Tells the main thread, of a {@link TapeMessage} as JSON; false where that has no room for it. */
  constructor(order: TapeOrder, write: (text: string) => boolean) {
    this.#order = order;
    this.#write = write;
    this.#resources = new Resources(order.kind);
  }

  /** The instance is up. */
  started(): void {
    this.#startGap = this.#gap;
    this.pauses();
  }

  /** A request begins. */
  begins(): void {
    this.#phase = 'request';
    this.#bytes = 0;
    this.#gap = undefined;
    this.#next = 0;
    const gap = this.#startGap;
    const served = this.#served++;
    if (this.#say({ kind: 'begins', start: this.#start, served, ...(gap !== undefined && { gap }) })) return;
    // Too much at once: then without them, so that it is known that they are missing.
    this.#gap = 'the main thread could not take the calls by which the instance came up';
    this.#say({ kind: 'begins', start: [], served, gap: this.#gap });
  }

  /** What is called next is no request's. */
  pauses(): void {
    this.#phase = 'off';
  }

  /** The functions of a host, each with this in front of it. */
  imports(real: Readonly<Record<string, object>>, supplied: readonly Needed[]): Readonly<Record<string, object>> {
    const tapped: Record<string, object> = Object.create(null);
    for (const [name, offered] of Object.entries(real)) {
      tapped[name] =
        HOST_API.test(name) || LIVE.has(name) ? this.#printing(name, offered) : this.#interface(name, offered);
    }
    if (this.#order.kind === 'record') return tapped;
    // Who supplied them need not be here.
    for (const needed of supplied) tapped[needed.name] = this.#played(needed);
    return tapped;
  }

  /**
   * The functions of a host for an instance whose calls cannot be seen.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT` where they should be answered from a tape.
   */
  past(real: Readonly<Record<string, object>>, why: string): Readonly<Record<string, object>> {
    if (this.#order.kind === 'play') {
      throw new PluginError('ERR_INVALID_ARGUMENT', `A recording cannot be played to this component: ${why}`);
    }
    this.#misses(why);
    return real;
  }

  /** Functions that are not taken down; what they print to is not either. */
  #printing(name: string, offered: object): object {
    if (name !== 'wasi:cli/stdout' && name !== 'wasi:cli/stderr') return offered;
    return Object.fromEntries(
      Object.entries(offered).map(([key, func]) => [
        key,
        (...values: unknown[]) => {
          const stream = (func as HostFunction)(...values);
          if (typeof stream === 'object' && stream !== null) this.#live.add(stream);
          return stream;
        },
      ]),
    );
  }

  #interface(name: string, offered: object): object {
    if (typeof offered === 'function') return this.#tapped(name, offered as HostFunction);
    const tapped: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(offered)) {
      if (typeof item !== 'function') tapped[key] = item;
      else if (isClass(key, item)) tapped[key] = this.#class(`${name}#${key}`, item);
      else tapped[key] = this.#tapped(`${name}#${key}`, item as HostFunction);
    }
    return tapped;
  }

  /** A class whose instances are the host's own. */
  #class(name: string, real: ClassOfHost): object {
    const tapped = newClass(this.#tapped(name, (...values) => new real(...values)));
    for (const [key, func] of functionsOf(real, Function.prototype))
      tapped[key] = this.#tapped(`${name}.${key}`, func, real);
    for (const [key, func] of functionsOf(real.prototype, Object.prototype)) {
      tapped.prototype[key] = this.#method(`${name}.${key}`, func);
    }
    return tapped;
  }

  #tapped(name: string, func: HostFunction, self?: unknown): (...values: unknown[]) => unknown {
    return (...values) => this.#call(name, values, () => func.apply(self, values));
  }

  #method(name: string, func: HostFunction): HostFunction {
    const tap = this;
    return function (...values) {
      if (typeof this === 'object' && this !== null && tap.#live.has(this)) return func.apply(this, values);
      return tap.#call(name, [this, ...values], () => func.apply(this, values));
    };
  }

  /** An interface of which there is nothing but its name. */
  #played({ name, kind, functions }: Needed): object {
    const nobody = (): never => {
      throw new PluginError('ERR_HOST_FUNCTION', 'A recording is played, and only that answers');
    };
    if (kind === 'function') return this.#tapped(name, nobody);
    const played: Record<string, unknown> = {};
    for (const wanted of functions) {
      const [, what, resource, func] = /^(?:\[(constructor|method|static)\]([^.]+)(?:\.(.*))?)$/.exec(wanted) ?? [];
      if (what === undefined) {
        const key = lowerCamel(wanted);
        played[key] = this.#tapped(`${name}#${key}`, nobody);
        continue;
      }
      const key = upperCamel(resource!);
      const className = `${name}#${key}`;
      const Class = (played[key] as OpenClass | undefined) ?? newClass(this.#tapped(className, nobody));
      played[key] = Class;
      const member = lowerCamel(func ?? '');
      if (what === 'method') Class.prototype[member] = this.#method(`${className}.${member}`, nobody);
      if (what === 'static') Class[member] = this.#tapped(`${className}.${member}`, nobody);
    }
    return played;
  }

  #call(name: string, values: readonly unknown[], real: () => unknown): unknown {
    if (this.#phase === 'off') return real();
    let args: readonly TapeValue[];
    try {
      args = values.map((value) => toTape(value, this.#resources, 'hashed'));
    } catch (error) {
      this.#unrecordable(name, error);
      return real();
    }
    if (this.#order.kind === 'play')
      return this.#play(name, args, this.#order.tape[this.#phase === 'start' ? 'start' : 'calls']);
    let returned: unknown;
    try {
      returned = real();
    } catch (error) {
      this.#threw(name, args, error);
      throw error;
    }
    if (!(returned instanceof Later)) return this.#returned(name, args, returned);
    return returned.map(
      (value) => this.#returned(name, args, value),
      (error) => {
        this.#threw(name, args, error);
        throw error;
      },
    );
  }

  #returned(name: string, args: readonly TapeValue[], value: unknown): unknown {
    try {
      this.#take({ name, args, returned: toTape(value, this.#resources, 'whole') });
    } catch (error) {
      this.#unrecordable(name, error);
    }
    return value;
  }

  #threw(name: string, args: readonly TapeValue[], error: unknown): void {
    if (error instanceof PluginError) this.#take({ name, args, fault: toWire(error) });
    else if (typeof error === 'object' && error !== null && Object.hasOwn(error, 'payload')) {
      const { payload } = error as { readonly payload: unknown };
      try {
        this.#take({ name, args, err: toTape(payload, this.#resources, 'whole') });
      } catch (unrecordable) {
        this.#unrecordable(name, unrecordable);
      }
    } else this.#misses(`${name} threw`);
  }

  /** The answer of the recording. @throws {PluginError} where the guest asks for something else than it did. */
  #play(name: string, args: readonly TapeValue[], entries: readonly HostCallEntry[]): unknown {
    const at = this.#next++;
    const entry = entries[at];
    if (entry === undefined || entry.name !== name || JSON.stringify(entry.args) !== JSON.stringify(args)) {
      const wanted = entry === undefined ? 'has no further call' : `has ${entry.name}${shownArgs(entry.args)} there`;
      const message = `Call ${at + 1} to the host is ${name}${shownArgs(args)}, and the recording ${wanted}`;
      throw new PluginError('ERR_HOST_FUNCTION', message, {
        hint: 'The component does another thing than the recorded one did.',
      });
    }
    this.#take(entry);
    if (entry.fault !== undefined) throw fromWire(entry.fault);
    if (entry.err !== undefined)
      throw Object.assign(new Error(name), { payload: fromTape(entry.err, this.#resources) });
    return fromTape(entry.returned ?? null, this.#resources);
  }

  /** What a host's own function gives may be anything, a value that holds itself among it: no reason to fail its call. */
  #unrecordable(name: string, error: unknown): void {
    this.#misses(`${name} passes ${error instanceof Unrecordable ? error.message : 'what cannot be written down'}`);
  }

  #take(entry: HostCallEntry): void {
    if (this.#gap !== undefined) return;
    const text = JSON.stringify(entry);
    this.#bytes += Buffer.byteLength(text);
    const { maxBytes } = this.#order;
    if (this.#bytes > maxBytes) this.#misses(`they have more than ${maxBytes} bytes`);
    else if (this.#phase === 'start') this.#start.push(entry);
    else if (!this.#write(`{"kind":"call","entry":${text}}`)) this.#misses(DEAF);
  }

  #misses(why: string): void {
    if (this.#gap !== undefined) return;
    this.#gap = why;
    if (this.#phase === 'request') this.#say({ kind: 'gap', why });
  }

  #say(message: TapeMessage): boolean {
    return this.#write(JSON.stringify(message));
  }
}

const DEAF = 'the main thread was not there in time to take them';

interface ClassOfHost {
  new (...values: unknown[]): object;
  readonly prototype: object;
}

/** A class that functions are put into. */
type OpenClass = Record<string, unknown> & { readonly prototype: Record<string, unknown> };

/** @param make What its constructor gives. */
function newClass(make: (...values: unknown[]) => unknown): OpenClass {
  return class {
    constructor(...values: unknown[]) {
      // biome-ignore lint/correctness/noConstructorReturn: the object is the host's own, or stands for one
      return make(...values) as object;
    }
  } as unknown as OpenClass;
}

/** Resources are in upper camel case, functions in lower. */
function isClass(key: string, item: object): item is ClassOfHost {
  return /^[A-Z]/.test(key) && 'prototype' in item && typeof item.prototype === 'object';
}

/** The methods of a class and of those that it extends, up to and without `end`. */
function functionsOf(object: object, end: object): Map<string, HostFunction> {
  const found = new Map<string, HostFunction>();
  for (let holder: object | null = object; holder !== null && holder !== end; holder = Object.getPrototypeOf(holder)) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (typeof value === 'function' && key !== 'constructor' && !found.has(key)) found.set(key, value);
    }
  }
  return found;
}

const SHOWN_ARGS = 120;

function shownArgs(args: readonly TapeValue[]): string {
  const text = JSON.stringify(args).slice(1, -1);
  return `(${text.length > SHOWN_ARGS ? `${text.slice(0, SHOWN_ARGS)}…` : text})`;
}
