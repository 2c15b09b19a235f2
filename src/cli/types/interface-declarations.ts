import { parseFunctionName } from '../../canonical-abi/runtime/names.ts';
import type { ExternItem } from '../../component/analyze.ts';
import { lowerCamel, upperCamel } from '../../component/js-names.ts';
import type { FuncType, ResourceType } from '../../component/types.ts';
import { property, quoted } from './names.ts';
import { declaredResources, namesIn, namespacesOf, namespaceText } from './namespaces.ts';
import { okText, parametersText, RESULT, returnText } from './signatures.ts';
import { bounded, type Names, type Text } from './type-text.ts';

/**
 * Who implements what is declared: the `guest`, whose exports a host calls with `engine.plugin<Exports>` or in a session, or the
 * `host`, which supplies `Imports` as `imports` of a load.
 */
export type Side = 'guest' | 'host';

/** How the two sides differ in TypeScript. */
interface Manner {
  /** The interface of all, and its description. */
  readonly name: 'Exports' | 'Imports';
  readonly about: string;
  /** What the library gives that is named. */
  readonly library: string;
  /** What every function takes after its arguments. */
  readonly last: string | undefined;
  /** What a resource is, beside its methods. */
  readonly disposal: string;
  returned(type: FuncType, names: Names): Text;
  /** The same of methods and statics. */
  given(type: FuncType, names: Names): Text;
}

const MANNERS: Readonly<Record<Side, Manner>> = {
  guest: {
    name: 'Exports',
    about:
      'What the plugin exports: for `engine.plugin<Exports>`, and with its resources for `session.exports<Exports>`.',
    library: '',
    last: undefined,
    disposal: '[Symbol.dispose](): void;',
    returned: returnText,
    given: returnText,
  },
  host: {
    name: 'Imports',
    about:
      'What the host supplies, as `imports` of a load. A `result` returns what is ok and throws `new WitError(…)` for the error. Functions of the main thread may be async, and get `context`; those of a module, which alone may have resources, are neither.',
    library: "import type { HostCallContext } from 'wasm-plugin-pool';\n",
    last: 'context?: HostCallContext',
    disposal: '[Symbol.dispose]?(): void;',
    *returned(type, names) {
      yield 'Awaitable<';
      yield* okText(type, names);
      yield '>';
    },
    // Resources are for modules only.
    given: okText,
  },
};

const AWAITABLE = '\ntype Awaitable<Value> = Value | Promise<Value>;\n';

/**
 * TypeScript declarations of interfaces as objects: functions in camel case, resources as classes.
 *
 * @param items What is exported to the host, or imported from it.
 * @param origin Where it is from, for the first line.
 * @throws {Failure} with status 2 when there are more types than could be of use.
 */
export function interfaceDeclarations(items: readonly ExternItem[], side: Side, origin: string): string {
  return bounded(fileText(items, MANNERS[side], origin));
}

function* fileText(items: readonly ExternItem[], manner: Manner, origin: string): Text {
  const reserved = ['Awaitable', 'Disposable', 'Exports', 'HostCallContext', 'Imports', 'Promise', 'Result'];
  const namespaces = namespacesOf(items, reserved, 'declared');
  const names = namesIn(namespaces);
  yield `// Written by \`wasm-plugin-pool types\` from ${origin}; do not edit.\n${manner.library}`;
  for (const space of namespaces) {
    const within = items.find(({ name }) => name === space.interface)!;
    yield* namespaceText(space, names, (resource, name) => resourceText(within, resource, name, names, manner));
  }
  if (manner.name === 'Imports') yield AWAITABLE;
  else if (items.some(returnsResult)) yield RESULT;
  yield `\n/** ${manner.about} */\nexport interface ${manner.name} {\n`;
  for (const item of items) {
    const { name, type } = item;
    if (type.kind === 'func') {
      yield `  ${property(manner.name === 'Exports' ? lowerCamel(name) : name)}(`;
      yield* signatureText(type, names, manner);
    } else if (type.kind === 'instance' && functionsOf(item).length > 0) {
      yield `  ${quoted(keyOf(name, items, manner))}: {\n`;
      yield* membersText(item, names, manner);
      yield '  };\n';
    }
  }
  yield '}\n';
}

/** A plugin is asked by the name without a version, so that its next patch changes nothing, unless there are several. */
function keyOf(name: string, items: readonly ExternItem[], manner: Manner): string {
  const bare = withoutVersion(name);
  const others = items.filter((item) => withoutVersion(item.name) === bare);
  return manner.name === 'Exports' && others.length === 1 ? bare : name;
}

function withoutVersion(name: string): string {
  return name.replace(/@.*$/, '');
}

/** The instance side of a resource. */
function* resourceText(item: ExternItem, resource: ResourceType, name: string, names: Names, manner: Manner): Text {
  const [own] = declaredResources(item.type).find(([, type]) => type === resource)!;
  yield `  interface ${name} {\n`;
  for (const [member, type] of functionsOf(item)) {
    const parsed = parseFunctionName(member);
    if (parsed.kind !== 'method' || parsed.resource !== own) continue;
    yield `    ${property(lowerCamel(parsed.name))}(`;
    yield* memberText({ ...type, params: type.params.slice(1) }, names, manner);
  }
  yield `    ${manner.disposal}\n  }\n`;
}

function* membersText(item: ExternItem, names: Names, manner: Manner): Text {
  const functions = functionsOf(item);
  for (const [own, resource] of declaredResources(item.type)) {
    yield `    ${property(upperCamel(own))}: {\n`;
    let constructed = false;
    for (const [member, type] of functions) {
      const parsed = parseFunctionName(member);
      if (parsed.kind === 'function' || parsed.kind === 'method' || parsed.resource !== own) continue;
      if (parsed.kind === 'static') {
        yield `      ${property(lowerCamel(parsed.name))}(`;
        yield* memberText(type, names, manner);
        continue;
      }
      constructed = true;
      yield '      new (';
      yield* parametersText(type, names);
      yield `): ${names.get(resource)};\n`;
    }
    // So that it is a class in any case.
    if (!constructed) yield `      readonly prototype: ${names.get(resource)};\n`;
    yield '    };\n';
  }
  for (const [member, type] of functions) {
    if (parseFunctionName(member).kind !== 'function') continue;
    yield `    ${property(lowerCamel(member))}(`;
    yield* signatureText(type, names, manner);
  }
}

function* signatureText(type: FuncType, names: Names, manner: Manner): Text {
  yield* parametersText(type, names, manner.last);
  yield '): ';
  yield* manner.returned(type, names);
  yield ';\n';
}

/** The same of a method or a static. */
function* memberText(type: FuncType, names: Names, manner: Manner): Text {
  yield* parametersText(type, names);
  yield '): ';
  yield* manner.given(type, names);
  yield ';\n';
}

function functionsOf({ type }: ExternItem): [name: string, type: FuncType][] {
  if (type.kind !== 'instance') return [];
  return [...type.exports].flatMap(([name, entity]): [string, FuncType][] =>
    entity.kind === 'func' ? [[name, entity]] : [],
  );
}

function returnsResult(item: ExternItem): boolean {
  if (item.type.kind === 'func') return item.type.result?.kind === 'result';
  return functionsOf(item).some(([, { result }]) => result?.kind === 'result');
}
