import { lowerCamel } from '../component/js-names.ts';
import { numberArrayOf } from '../component/number-arrays.ts';
import type { ValueType } from '../component/types.ts';
import { Scanner } from './scanner.ts';

/**
 * Reads a value of a type from WAVE, as `wasmtime run --invoke` takes it, in the shape in which `engine.call` passes it.
 *
 * @see https://github.com/bytecodealliance/wasm-tools/tree/main/crates/wasm-wave
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`, with the place at which it does not fit.
 */
export function parseWave(text: string, type: ValueType): unknown {
  const scanner = new Scanner(text);
  const value = read(scanner, type);
  scanner.end();
  return value;
}

function read(scanner: Scanner, type: ValueType): unknown {
  switch (type.kind) {
    case 'bool':
      if (scanner.takesWord('true')) return true;
      if (scanner.takesWord('false')) return false;
      throw scanner.error('true or false');
    case 'string':
      return scanner.quoted('"') ?? fail(scanner, 'a string, in double quotes');
    case 'char':
      return readChar(scanner);
    case 'record':
      return readRecord(scanner, type.fields);
    case 'tuple': {
      scanner.expect('(');
      const values = type.elements.map((element, at) => {
        if (at > 0) scanner.expect(',');
        return read(scanner, element);
      });
      scanner.takes(',');
      scanner.expect(')');
      return values;
    }
    case 'list':
      return typedArray(
        type.element,
        readItems(scanner, '[', ']', () => read(scanner, type.element)),
      );
    case 'flags': {
      const set = readItems(scanner, '{', '}', () => readName(scanner, type.names));
      return Object.fromEntries(type.names.map((name) => [lowerCamel(name), set.includes(name)]));
    }
    case 'enum':
      return readName(scanner, type.names);
    case 'option':
      return readOption(scanner, type.some);
    case 'result':
      return readResult(scanner, type.ok, type.error);
    case 'variant': {
      const name = readName(
        scanner,
        type.cases.map((entry) => entry.name),
      );
      const payload = type.cases.find((entry) => entry.name === name)!.type;
      return payload === undefined ? { tag: name } : { tag: name, val: inBrackets(scanner, payload) };
    }
    default:
      return readNumber(scanner, type.kind);
  }
}

function fail(scanner: Scanner, expected: string): never {
  throw scanner.error(expected);
}

function readChar(scanner: Scanner): string {
  const before = scanner.at;
  const value = scanner.quoted("'");
  if (value !== undefined && [...value].length === 1) return value;
  scanner.at = before;
  throw scanner.error('one character, in single quotes');
}

const RANGES: Readonly<Record<string, readonly [min: bigint, max: bigint]>> = Object.fromEntries(
  [8n, 16n, 32n, 64n].flatMap((bits) => [
    [`u${bits}`, [0n, 2n ** bits - 1n]],
    [`s${bits}`, [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]],
  ]),
);

function readNumber(scanner: Scanner, kind: string): number | bigint {
  scanner.skip();
  const before = scanner.at;
  const text = scanner.number();
  const range = RANGES[kind];
  if (text !== undefined && range === undefined && (kind === 'f32' || kind === 'f64')) {
    if (text.endsWith('nan')) return Number.NaN;
    return text.endsWith('inf') ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text);
  }
  if (text !== undefined && range !== undefined && /^-?\d+$/.test(text)) {
    const value = BigInt(text);
    if (value >= range[0] && value <= range[1]) return kind.endsWith('64') ? value : Number(value);
  }
  scanner.at = before;
  throw scanner.error(`a ${kind}`);
}

function readRecord(
  scanner: Scanner,
  fields: readonly { readonly name: string; readonly type: ValueType }[],
): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  // `{:}` is a record without fields: `{}` would be flags.
  const items = scanner.takes('{:') ? ['', '}'] : ['{', '}'];
  readItems(scanner, items[0]!, items[1]!, () => {
    const before = scanner.at;
    const name = scanner.label();
    const field = fields.find((candidate) => candidate.name === name);
    if (field === undefined || Object.hasOwn(value, lowerCamel(field.name))) {
      scanner.at = before;
      throw scanner.error(`one of the fields ${fields.map((each) => each.name).join(', ')}, once`);
    }
    scanner.expect(':');
    value[lowerCamel(field.name)] = read(scanner, field.type);
  });
  const missing = fields.find(({ name, type }) => type.kind !== 'option' && !Object.hasOwn(value, lowerCamel(name)));
  if (missing !== undefined) {
    scanner.at--;
    throw scanner.error(`the field ${missing.name}`);
  }
  return value;
}

/** `some` may be left out where the value shows that it is there. */
function readOption(scanner: Scanner, some: ValueType): unknown {
  const nested = some.kind === 'option';
  if (scanner.takesWord('none')) return nested ? { tag: 'none' } : undefined;
  const value =
    scanner.takesWord('some') || nested || some.kind === 'result' ? inBrackets(scanner, some) : read(scanner, some);
  return nested ? { tag: 'some', val: value } : value;
}

/** `ok` may be left out, too. */
function readResult(scanner: Scanner, ok: ValueType | undefined, error: ValueType | undefined): unknown {
  if (scanner.takesWord('err')) return { tag: 'err', val: error && inBrackets(scanner, error) };
  if (scanner.takesWord('ok')) return { tag: 'ok', val: ok && inBrackets(scanner, ok) };
  if (ok === undefined || ok.kind === 'option' || ok.kind === 'result') throw scanner.error('ok or err');
  return { tag: 'ok', val: read(scanner, ok) };
}

function inBrackets(scanner: Scanner, type: ValueType): unknown {
  scanner.expect('(');
  const value = read(scanner, type);
  scanner.expect(')');
  return value;
}

function readName(scanner: Scanner, names: readonly string[]): string {
  scanner.skip();
  const before = scanner.at;
  const name = scanner.label();
  if (name !== undefined && names.includes(name)) return name;
  scanner.at = before;
  throw scanner.error(`one of ${names.join(', ')}`);
}

/** Items with commas between them, and perhaps one after the last. */
function readItems<Item>(scanner: Scanner, open: string, close: string, item: () => Item): Item[] {
  scanner.expect(open);
  const items: Item[] = [];
  while (!scanner.takes(close)) {
    if (items.length > 0) {
      scanner.expect(',');
      if (scanner.takes(close)) break;
    }
    items.push(item());
  }
  return items;
}

function typedArray(element: ValueType, values: unknown[]): unknown {
  const array: { from(items: Iterable<never>): unknown } | undefined = numberArrayOf(element.kind);
  return array === undefined ? values : array.from(values as never[]);
}
