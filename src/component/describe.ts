import { plainName } from './names.ts';
import {
  type ExternType,
  type FuncType,
  type InstanceType,
  isValueType,
  type ResourceType,
  type Type,
  type ValueType,
} from './types.ts';

/** The names that an interface gives to its types, by the identity of the type. */
type TypeNames = ReadonlyMap<Type, string>;

/** Pieces of text. They are made as they are asked for: a small type can stand for a huge tree. */
type Text = Generator<string>;

/**
 * A value type in WIT's notation: `list<tuple<string, string>>`. Types that WIT would name print in full.
 *
 * @param limit Characters after which the text is cut.
 */
export function describeType(type: ValueType, limit = 200): string {
  return take(valueText(type, new Map()), limit);
}

/** A function type in WIT's notation: `func(key: string) -> option<string>`. */
export function describeFunc(type: FuncType, limit = 500): string {
  return take(funcText(type, new Map()), limit);
}

/** An import or export as WIT would declare it; an interface with its types and functions on lines of their own. */
export function describeExtern(name: string, type: ExternType, limit = 1_000_000): string {
  return take(itemText(name, type, new Map(), ''), limit).trimEnd();
}

function take(pieces: Text, limit: number): string {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length > limit) return `${text.slice(0, limit)}…`;
  }
  return text;
}

function* itemText(name: string, entity: ExternType, names: TypeNames, indent: string): Text {
  switch (entity.kind) {
    case 'func':
      yield `${indent}${plainName(name)}: `;
      yield* funcText(entity, names);
      yield ';\n';
      break;
    case 'instance':
      yield* interfaceText(name, entity, indent);
      break;
    case 'type':
      yield* typeText(name, entity.type, names, indent);
      break;
    case 'value':
      yield `${indent}value ${plainName(name)}: `;
      yield* valueText(entity.type, names);
      yield ';\n';
      break;
    default:
      yield `${indent}${entity.kind} ${plainName(name)};\n`;
  }
}

function* interfaceText(name: string, { exports }: InstanceType, indent: string): Text {
  const names = new Map<Type, string>();
  yield `${indent}interface ${plainName(name)} {\n`;
  for (const [exported, entity] of exports) {
    yield* itemText(exported, entity, names, `${indent}  `);
    // The first name of a type is its name; later ones are aliases of it.
    if (entity.kind === 'type' && isNamed(entity.type) && !names.has(entity.type)) names.set(entity.type, exported);
  }
  yield `${indent}}\n`;
}

/** Primitive types are one object each, so that a name for one would name them all. */
function isNamed(type: Type): boolean {
  return !isValueType(type) || Object.keys(type).length > 1;
}

function* typeText(name: string, type: Type, names: TypeNames, indent: string): Text {
  if (!names.has(type)) {
    const parts = isValueType(type) ? parted(type, names) : undefined;
    if (parts !== undefined) {
      yield `${indent}${type.kind} ${plainName(name)} {\n`;
      for (const part of parts) {
        yield `${indent}  `;
        yield* part;
        yield ',\n';
      }
      yield `${indent}}\n`;
      return;
    }
    if (type.kind === 'resource') {
      yield `${indent}resource ${plainName(name)};\n`;
      return;
    }
  }
  yield `${indent}type ${plainName(name)} = `;
  if (isValueType(type)) yield* valueText(type, names);
  else if (type.kind === 'func') yield* funcText(type, names);
  else yield plainName(names.get(type) ?? type.kind);
  yield ';\n';
}

/** The parts between the braces of a record, variant, flags or enum type; undefined for other types. */
function parted(type: ValueType, names: TypeNames): Iterable<Text> | undefined {
  switch (type.kind) {
    case 'record':
      return type.fields.map((field) => labelledText(field.name, field.type, names));
    case 'variant':
      return type.cases.map((entry) => caseText(entry.name, entry.type, names));
    case 'flags':
    case 'enum':
      return type.names.map((entry) => caseText(entry, undefined, names));
    default:
      return undefined;
  }
}

function* funcText({ async, params, result }: FuncType, names: TypeNames): Text {
  yield async ? 'async func(' : 'func(';
  yield* joined(params.map((param) => labelledText(param.name, param.type, names)));
  yield ')';
  if (result === undefined) return;
  yield ' -> ';
  yield* valueText(result, names);
}

function* joined(parts: Iterable<Text>): Text {
  let first = true;
  for (const part of parts) {
    if (!first) yield ', ';
    first = false;
    yield* part;
  }
}

function* labelledText(name: string, type: ValueType, names: TypeNames): Text {
  yield `${plainName(name)}: `;
  yield* valueText(type, names);
}

function* caseText(name: string, type: ValueType | undefined, names: TypeNames): Text {
  yield plainName(name);
  if (type === undefined) return;
  yield '(';
  yield* valueText(type, names);
  yield ')';
}

function* valueText(type: ValueType, names: TypeNames): Text {
  const name = names.get(type);
  if (name !== undefined) {
    yield plainName(name);
    return;
  }
  const parts = parted(type, names);
  if (parts !== undefined) {
    yield `${type.kind} { `;
    yield* joined(parts);
    yield ' }';
    return;
  }
  switch (type.kind) {
    case 'list':
      yield 'list<';
      yield* valueText(type.element, names);
      yield type.length === undefined ? '>' : `, ${type.length}>`;
      break;
    case 'map':
      yield* generic('map', [type.key, type.value], names);
      break;
    case 'tuple':
      yield* generic('tuple', type.elements, names);
      break;
    case 'option':
      yield* generic('option', [type.some], names);
      break;
    case 'result':
      if (type.error !== undefined) yield* generic('result', [type.ok, type.error], names);
      else yield* generic('result', type.ok === undefined ? [] : [type.ok], names);
      break;
    case 'own':
      yield resourceName(type.resource, names);
      break;
    case 'borrow':
      yield `borrow<${resourceName(type.resource, names)}>`;
      break;
    case 'stream':
    case 'future':
      yield* generic(type.kind, type.element === undefined ? [] : [type.element], names);
      break;
    default:
      yield type.kind;
  }
}

function* generic(keyword: string, parts: readonly (ValueType | undefined)[], names: TypeNames): Text {
  yield keyword;
  if (parts.length === 0) return;
  yield '<';
  yield* joined(parts.map((part) => (part === undefined ? nothing() : valueText(part, names))));
  yield '>';
}

function* nothing(): Text {
  yield '_';
}

function resourceName(resource: ResourceType, names: TypeNames): string {
  return plainName(names.get(resource) ?? resource.name ?? 'resource');
}
