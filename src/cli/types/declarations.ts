import type { ComponentAnalysis } from '../../component/analyze.ts';
import { declaredTypes, type ExportedFunction, exportedFunctions } from '../../component/exported-functions.ts';
import { lowerCamel, upperCamel } from '../../component/js-names.ts';
import { numberArrayOf } from '../../component/number-arrays.ts';
import type { FuncType, ValueType } from '../../component/types.ts';
import { Failure } from '../failure.ts';

/** What the declarations are of. */
interface Origin {
  /** The name under which the component will be loaded. */
  readonly name: string;
  readonly sha256: string;
}

/** A small component can stand for a huge tree of types; more text than this nobody compiles. */
const MAX_CHARACTERS = 4_000_000;

/** Pieces of text, made as they are asked for. */
type Text = Generator<string>;

/** What a type that an interface declares is called from outside of its namespace. */
type Names = ReadonlyMap<ValueType, string>;

/** An interface that declares types. */
interface Namespace {
  readonly name: string;
  /** The name in WIT. */
  readonly interface: string;
  readonly types: readonly (readonly [name: string, type: ValueType])[];
}

/**
 * TypeScript declarations of what a component exports, in the shapes in which `engine.call` passes values. They extend
 * the library's interface `PluginFunctions`, so that calls to the plugin of that name are checked.
 *
 * @throws {Failure} with status 2 when the component has more types than could be of use.
 */
export function declarationsOf(analysis: ComponentAnalysis, origin: Origin): string {
  let text = '';
  for (const piece of fileText(analysis, origin)) {
    text += piece;
    if (text.length > MAX_CHARACTERS) throw new Failure(2, 'The types of the component are too large to be written.');
  }
  return text;
}

function* fileText(analysis: ComponentAnalysis, { name, sha256 }: Origin): Text {
  const namespaces = namespacesOf(analysis);
  const names = new Map<ValueType, string>();
  for (const space of namespaces) {
    for (const [typeName, type] of space.types) if (!names.has(type)) names.set(type, `${space.name}.${typeName}`);
  }
  yield `// Written by \`wasm-plugin-pool types\` from the component with the SHA-256 ${sha256}; do not edit.\n`;
  yield "import 'wasm-plugin-pool';\n";
  for (const space of namespaces) yield* namespaceText(space, names);
  yield* functionsText(exportedFunctions(analysis.exports), names);
  yield `\ndeclare module 'wasm-plugin-pool' {\n  interface PluginFunctions {\n    ${quoted(name)}: Functions;\n  }\n}\n`;
}

function namespacesOf({ imports, exports }: ComponentAnalysis): Namespace[] {
  const taken = new Set(['Functions', 'Result']);
  return [...exports, ...imports].flatMap(({ name, type }) => {
    const inside = new Set<string>();
    const types = declaredTypes(type).map(
      ([typeName, declared]) => [unique(identifier(upperCamel(typeName)), inside), declared] as const,
    );
    if (types.length === 0) return [];
    return [{ name: unique(identifier(upperCamel(name.replace(/^.*\/|@.*$/g, ''))), taken), interface: name, types }];
  });
}

function* namespaceText({ name, interface: wit, types }: Namespace, names: Names): Text {
  yield `\n/** \`${wit}\` */\nexport declare namespace ${name} {\n`;
  for (const [typeName, type] of types) {
    const known = names.get(type);
    // The second name of a type is an alias of the first.
    if (known !== `${name}.${typeName}`) yield `  type ${typeName} = ${known};\n`;
    else if (type.kind === 'record') {
      yield `  interface ${typeName} {\n`;
      yield* fieldsText(type.fields, names, '    ');
      yield '  }\n';
    } else {
      yield `  type ${typeName} = `;
      yield* structureText(type, names);
      yield ';\n';
    }
  }
  yield '}\n';
}

function* functionsText(functions: readonly ExportedFunction[], names: Names): Text {
  const results = functions.some(({ type }) => type.result?.kind === 'result');
  if (results) yield "\ntype Result<Ok, Err> = { tag: 'ok'; val: Ok } | { tag: 'err'; val: Err };\n";
  yield '\n/** What `engine.call` reaches, by path. */\nexport interface Functions {\n';
  for (const { path, type, obstacle } of functions) {
    if (obstacle !== undefined) {
      yield `  // ${path}: not from another thread, for ${obstacle}.\n`;
      continue;
    }
    yield `  ${quoted(path)}: (`;
    yield* parametersText(type, names);
    yield ') => ';
    yield* returnText(type, names);
    yield ';\n';
  }
  yield '}\n';
}

function* parametersText({ params }: FuncType, names: Names): Text {
  const taken = new Set<string>();
  for (const [index, { name, type }] of params.entries()) {
    if (index > 0) yield ', ';
    yield `${unique(identifier(lowerCamel(name)), taken)}: `;
    yield* typeText(type, names);
  }
}

function* returnText({ result }: FuncType, names: Names): Text {
  if (result === undefined) yield 'void';
  else if (result.kind !== 'result') yield* typeText(result, names);
  else {
    yield 'Result<';
    yield* payloadText(result.ok, names);
    yield ', ';
    yield* payloadText(result.error, names);
    yield '>';
  }
}

function* typeText(type: ValueType, names: Names): Text {
  const name = names.get(type);
  if (name === undefined) yield* structureText(type, names);
  else yield name;
}

function* structureText(type: ValueType, names: Names): Text {
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

function* fieldsText(
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

function* payloadText(type: ValueType | undefined, names: Names): Text {
  if (type === undefined) yield 'undefined';
  else yield* typeText(type, names);
}

function* oneText(text: string): Text {
  yield text;
}

/** A string literal of TypeScript's. */
function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** A component chooses its names: whatever is no identifier of TypeScript's is quoted, or loses what makes it none. */
function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

function identifier(name: string): string {
  const kept = name.replace(/[^\w$]/g, '_');
  return /^[A-Za-z_$]/.test(kept) && !RESERVED.has(kept) ? kept : `_${kept}`;
}

function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}${number}`;
  taken.add(free);
  return free;
}

/** What may be no name of a parameter; types begin with a capital letter. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'false finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static super switch this throw true try typeof var void while with yield'
  ).split(' '),
);
