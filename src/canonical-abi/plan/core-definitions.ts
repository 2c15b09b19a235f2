import type { CoreInstance } from '../../component/ast.ts';
import type { CoreModule } from '../../component/core-ast.ts';
import { link } from '../../component/elaboration-state.ts';
import { invalidAt } from '../../component/reader.ts';
import { at } from '../../component/scope.ts';
import { lentMemories } from './core-modules.ts';
import type { CoreFunctionTypes, CoreSignature } from './core-signatures.ts';
import type { CoreDefinition, CoreInstanceDefinition, Space } from './definitions.ts';
import type { Emitter } from './emitter.ts';
import type { LentMemory } from './plan.ts';

/** A core module of the file. */
export interface PlacedModule {
  readonly module: CoreModule;
  /** Its place among those of the file. */
  readonly place: number;
  /** Read when first asked for. */
  types(): CoreFunctionTypes;
}

/** A core function that a canonical definition makes, once it is referred to. */
export function lazyFunction(signature: CoreSignature, make: () => number): CoreDefinition {
  let func: number | undefined;
  return {
    sort: 'func',
    signature,
    canonical: true,
    ref() {
      func ??= make();
      return { func };
    },
  };
}

/** A core instance that is put together from definitions. */
export function bundle(
  emitter: Emitter,
  space: Space,
  { offset, exports }: Extract<CoreInstance, { how: 'exports' }>,
): CoreInstanceDefinition {
  const definitions = new Map<string, CoreDefinition>();
  for (const { name, value } of exports) {
    if (definitions.has(name)) throw invalidAt(offset, 'two exports have the same name');
    definitions.set(name, at(space.core[value.sort], value.index, `core ${value.sort}`, offset));
  }
  let index: number | undefined;
  return {
    index() {
      // The references first: they may emit what the bundle is made of.
      index ??= emitter.emit('core-instances', {
        kind: 'bundle',
        exports: [...definitions].map(([name, definition]) => ({ name, ref: definition.ref() })),
      });
      return index;
    },
    get: (name) => definitions.get(name),
  };
}

/** `core instantiate`: checks that every import is given, and is of its sort. */
export function instantiated(
  emitter: Emitter,
  space: Space,
  { offset, args }: Extract<CoreInstance, { how: 'instantiate' }>,
  { module, place, types }: PlacedModule,
): CoreInstanceDefinition {
  const given = new Map<string, CoreInstanceDefinition>();
  for (const { name, value } of args) {
    if (given.has(name)) throw invalidAt(offset, 'two arguments have the same name');
    given.set(name, at(space.coreInstances, value, 'core instance', offset));
  }
  for (const { module: from, name, type } of module.imports) {
    const found = given.get(from)?.get(name);
    if (found?.sort !== type.kind) {
      throw link(offset, `a core module is instantiated without its import of a ${type.kind}:`, `${from}.${name}`);
    }
    if (type.kind === 'func' && found.canonical && found.signature !== types().ofType(type.type)) {
      throw link(offset, 'a core module is given a function of another type than it imports:', `${from}.${name}`);
    }
  }
  const wanted = new Set(module.imports.map((entry) => entry.module));
  const memories = lentMemories(module).map(
    ({ limits: { min, max } }): LentMemory => ({ initial: min, ...(max !== undefined && { maximum: max }) }),
  );
  const index = emitter.emit('core-instances', {
    kind: 'instantiate',
    module: place,
    ...(memories.length > 0 && { memories }),
    args: [...given]
      .filter(([name]) => wanted.has(name))
      .map(([name, definition]) => ({ name, instance: definition.index() })),
  });
  const exports = new Map<string, CoreDefinition>();
  for (const { name, kind, index: entity } of module.exports) {
    exports.set(name, {
      sort: kind,
      ...(kind === 'func' && { signature: types().ofFunction(entity) }),
      ref: () => ({ instance: index, name }),
    });
  }
  return { index: () => index, get: (name) => exports.get(name) };
}
