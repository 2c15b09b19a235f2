import { PluginError } from '../errors.ts';
import type { Component, Declaration, Definition, TypeDefinition } from './ast.ts';
import type { CoreModule, CoreModuleType } from './core-ast.ts';

/**
 * What names may consist of: the alphabet that compilers and wit-component use (`[method]descriptor.read-via-stream`,
 * `[async-lower]x`, `cm32p2|wasi:io/poll@0.2`, `$imports`, `_ZN3std2io5stdio6_print17h0E`, `wasi:io/poll@0.2.6+build`).
 * The empty string is one of them: wit-component links its shims through the module `""`.
 * wit-component tells two imports of one function apart by a suffix, `fd_write [v2]`; modules that Go compiles have such.
 * Names of this alphabet can be put between quotes of any kind in JavaScript, paths excepted.
 */
const PLAIN = /^[A-Za-z0-9_.:/@#$|<>[\]+-]*( \[v\d+\])?$/;

/** Means the prototype, not a property, in an object literal of generated code. */
const PROTO = '__proto__';

/** A name that a plugin chose, fit for a message: printable ASCII, cut at 80 characters, in quotes. */
export function shownName(name: string): string {
  const cut = name.length > 80 ? `${name.slice(0, 79)}…` : name;
  return `"${cut.replace(/[^ -~…]|["\\]/g, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)}"`;
}

/** A name that a plugin chose, as it is if it is plain, otherwise as {@link shownName} has it. */
export function plainName(name: string): string {
  return name !== '' && name.length <= 200 && PLAIN.test(name) ? name : shownName(name);
}

/**
 * Refuses a component whose names are more than names. jco 1.35 (jco-transpile 0.15) pastes the names of core exports
 * into the JavaScript that it generates, unescaped: `a'];process.exit();['` is code there. Covers the names of
 * imports, exports and arguments of components and core modules, used or not, and the labels of types.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT` with the name, escaped and cut.
 */
export function assertPlainNames(component: Component): void {
  for (const [what, name] of namesIn(component.definitions)) {
    if (PLAIN.test(name) && name !== PROTO) continue;
    throw new PluginError(
      'ERR_INVALID_COMPONENT',
      `The component contains a name that is not plain: the ${what} ${shownName(name)}`,
      { hint: 'Names may consist of ASCII letters, digits and _ . : / @ # $ | < > [ ] + - only.' },
    );
  }
}

type Names = Generator<readonly [what: string, name: string]>;

function* namesIn(definitions: readonly (Definition | Declaration)[]): Names {
  for (const definition of definitions) {
    switch (definition.kind) {
      case 'core-module':
        yield* coreNames(definition.module);
        break;
      case 'core-type':
        if (definition.type.kind === 'module') yield* coreNames(definition.type);
        break;
      case 'core-instance':
      case 'instance':
        if (definition.how === 'exports') yield* each('export of an instance', definition.exports);
        else yield* each('argument of an instance', definition.args);
        break;
      case 'component':
        yield* namesIn(definition.component.definitions);
        break;
      case 'alias':
        if (definition.target !== 'outer') yield ['alias', definition.name];
        break;
      case 'type':
        yield* typeNames(definition.type);
        break;
      case 'import':
        yield ['import', definition.name];
        break;
      case 'export':
      case 'export-declaration':
        yield ['export', definition.name];
        break;
    }
  }
}

function* coreNames(module: Pick<CoreModule | CoreModuleType, 'imports' | 'exports'>): Names {
  for (const { module: from, name } of module.imports) {
    yield ['module of a core import', from];
    yield ['core import', name];
  }
  yield* each('core export', module.exports);
}

function* typeNames(type: TypeDefinition): Names {
  switch (type.kind) {
    case 'record':
      yield* each('field', type.fields);
      break;
    case 'variant':
      yield* each('case', type.cases);
      break;
    case 'func':
      yield* each('parameter', type.params);
      break;
    case 'flags':
    case 'enum':
      for (const name of type.names) yield ['case', name];
      break;
    case 'component':
    case 'instance':
      yield* namesIn(type.declarations);
      break;
  }
}

function* each(what: string, named: readonly { readonly name: string }[]): Names {
  for (const { name } of named) yield [what, name];
}
