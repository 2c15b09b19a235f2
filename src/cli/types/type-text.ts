import { lowerCamel } from '../../component/js-names.ts';
import { numberArrayOf } from '../../component/number-arrays.ts';
import type { ResourceType, ValueType } from '../../component/types.ts';
import { Failure } from '../failure.ts';
import { property, quoted } from './names.ts';

/** Pieces of text, made as they are asked for. */
export type Text = Generator<string>;

/** What a type that an interface declares is called from outside of its namespace. */
export type Names = ReadonlyMap<ValueType | ResourceType, string>;

/** A small component can stand for a huge tree of types; more text than this nobody compiles. */
const MAX_CHARACTERS = 4_000_000;

/** @throws {Failure} with status 2 when there is more text than could be of use. */
export function bounded(pieces: Iterable<string>): string {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length > MAX_CHARACTERS) throw new Failure(2, 'The types of the component are too large to be written.');
  }
  return text;
}

/** A type as TypeScript has it, by its name where it has one. */
export function* typeText(type: ValueType, names: Names): Text {
  const name = names.get(type);
  if (name === undefined) yield* structureText(type, names);
  else yield name;
}

/** The same without its own name. */
export function* structureText(type: ValueType, names: Names): Text {
  switch (type.kind) {
    case 'bool':
      yield 'boolean';
      break;
    case 's64':
    case 'u64':
      yield 'bigint';
      break;
    case 'char':
    case 'string':
      yield 'string';
      break;
    case 'record':
      yield '{ ';
      yield* fieldsText(type.fields, names);
      yield '}';
      break;
    case 'variant':
      yield* unionText(type.cases.map((entry) => taggedText(entry.name, entry.type, names)));
      break;
    case 'enum':
      yield* unionText(type.names.map((entry) => oneText(quoted(entry))));
      break;
    case 'flags':
      yield '{ ';
      for (const flag of type.names) yield `${property(lowerCamel(flag))}?: boolean; `;
      yield '}';
      break;
    case 'list':
      yield* listText(type.element, names);
      break;
    case 'map':
      yield 'Map<';
      yield* typeText(type.key, names);
      yield ', ';
      yield* typeText(type.value, names);
      yield '>';
      break;
    case 'tuple':
      yield '[';
      for (const [index, element] of type.elements.entries()) {
        if (index > 0) yield ', ';
        yield* typeText(element, names);
      }
      yield ']';
      break;
    case 'option':
      // Tags tell `some(none)` from `none`.
      if (type.some.kind === 'option') {
        yield* unionText([taggedText('none', undefined, names), taggedText('some', type.some, names)]);
        break;
      }
      yield '(';
      yield* optionText(type.some, names);
      yield ')';
      break;
    case 'result':
      yield "({ tag: 'ok'; val: ";
      yield* payloadText(type.ok, names);
      yield " } | { tag: 'err'; val: ";
      yield* payloadText(type.error, names);
      yield ' })';
      break;
    case 'own':
    case 'borrow':
      // Where resources cannot be passed they have no names.
      yield names.get(type.resource) ?? 'never';
      break;
    case 'stream':
    case 'future':
    case 'error-context':
      // A function with one of these cannot be called; a type that nobody uses may still have it.
      yield 'never';
      break;
    default:
      yield 'number';
  }
}

function* listText(element: ValueType, names: Names): Text {
  const array = numberArrayOf(element.kind);
  if (array !== undefined) {
    yield `globalThis.${array.name}`;
    return;
  }
  yield* typeText(element, names);
  yield '[]';
}

export function* fieldsText(
  fields: readonly { readonly name: string; readonly type: ValueType }[],
  names: Names,
  indent?: string,
): Text {
  for (const { name, type } of fields) {
    const optional = type.kind === 'option' && type.some.kind !== 'option';
    yield `${indent ?? ''}${property(lowerCamel(name))}${optional ? '?' : ''}: `;
    // The parentheses that an option needs elsewhere are none of a field's business.
    yield* optional && !names.has(type) ? optionText(type.some, names) : typeText(type, names);
    yield indent === undefined ? '; ' : ';\n';
  }
}

function* optionText(some: ValueType, names: Names): Text {
  yield* typeText(some, names);
  yield ' | undefined';
}

function* taggedText(tag: string, payload: ValueType | undefined, names: Names): Text {
  yield `{ tag: ${quoted(tag)}`;
  if (payload !== undefined) {
    yield '; val: ';
    yield* typeText(payload, names);
  }
  yield ' }';
}

function* unionText(parts: readonly Text[]): Text {
  if (parts.length === 0) yield 'never';
  yield '(';
  for (const [index, part] of parts.entries()) {
    if (index > 0) yield ' | ';
    yield* part;
  }
  yield ')';
}

export function* payloadText(type: ValueType | undefined, names: Names): Text {
  if (type === undefined) yield 'undefined';
  else yield* typeText(type, names);
}

function* oneText(text: string): Text {
  yield text;
}
