import type { Component } from '../../component/ast.ts';
import type { CoreModule } from '../../component/core-ast.ts';
import { externTypeIn } from '../../component/declarations.ts';
import type { State } from '../../component/elaboration-state.ts';
import { newState, step } from '../../component/elaboration-state.ts';
import { type Feature, featuresOf } from '../../component/features.ts';
import { invalidAt } from '../../component/reader.ts';
import type { ExternType } from '../../component/types.ts';
import type { PlacedModule } from './core-definitions.ts';
import { coreModulesOf } from './core-modules.ts';
import { type CoreFunctionTypes, coreFunctionTypes } from './core-signatures.ts';
import { type Definition, newSpace, TYPE } from './definitions.ts';
import { Emitter } from './emitter.ts';
import { type Entity, evaluate } from './evaluate.ts';
import type { Binding, ExportItem, ImportPath } from './plan.ts';
import { Unsupported, unsupported } from './unsupported.ts';

/** Features of the component model that the direct binding leaves to jco's glue; those of core modules are V8's. */
const UNSUPPORTED: ReadonlyMap<Feature, string> = new Map([
  ['error-context', 'it uses error contexts'],
  ['threads', 'it uses threads'],
  ['values', 'it uses values at instantiation'],
  ['map', 'it uses maps'],
  ['memory64', 'it has a memory of 64-bit addresses'],
]);

/**
 * Decides which runtime runs a component, and plans it for the direct binding if it can. Runs none of it; takes time
 * and memory bounded as those of `elaborate`.
 *
 * @param bytes The file that the component was parsed from.
 * @throws {PluginError} `ERR_INVALID_COMPONENT` or `ERR_LINK` for a component that no runtime could run.
 */
export function planBinding(bytes: Uint8Array, component: Component): Binding {
  try {
    for (const feature of featuresOf(component)) {
      const reason = UNSUPPORTED.get(feature);
      if (reason !== undefined) throw unsupported(reason);
    }
    return { kind: 'direct', plan: plan(bytes, component) };
  } catch (error) {
    if (error instanceof Unsupported) return { kind: 'unsupported', reason: error.message };
    throw error;
  }
}

function plan(bytes: Uint8Array, component: Component): Extract<Binding, { kind: 'direct' }>['plan'] {
  const state = newState();
  const emitter = new Emitter();
  const modules = new Map(coreModulesOf(component).map((module, place) => [module, placed(bytes, module, place)]));
  const space = newSpace(undefined, emitter.componentInstance(undefined));
  const names = new Set<string>();
  const exports = evaluate({ state, emitter, modules }, component, space, (name, ref, offset) => {
    if (names.has(name)) throw invalidAt(offset, 'two imports have the same name');
    names.add(name);
    const type = externTypeIn(state, space.scope, ref, name, undefined, offset);
    return { type, definition: ofHost(state, emitter, type, [name], offset) };
  });
  return emitter.plan(exportItems(state, emitter, exports));
}

function placed(bytes: Uint8Array, module: CoreModule, place: number): PlacedModule {
  let types: CoreFunctionTypes | undefined;
  return {
    module,
    place,
    types() {
      types ??= coreFunctionTypes(bytes, module);
      return types;
    },
  };
}

/** What an import stands for that the host provides. */
function ofHost(state: State, emitter: Emitter, type: ExternType, path: ImportPath, offset: number): Definition {
  step(state, offset);
  switch (type.kind) {
    case 'func':
      return { kind: 'host', type, path };
    case 'instance': {
      const exports = [...type.exports].map(
        ([name, entity]) => [name, ofHost(state, emitter, entity, [...path, name], offset)] as const,
      );
      return { kind: 'instance', exports: new Map(exports) };
    }
    case 'type':
      if (type.type.kind === 'resource') emitter.define(type.type, { kind: 'host', path });
      return TYPE;
    case 'module':
      throw unsupported('it imports a core module');
    case 'component':
      throw unsupported('it imports a component');
    case 'value':
      throw unsupported('it uses values at instantiation');
  }
}

function exportItems(state: State, emitter: Emitter, entities: ReadonlyMap<string, Entity>): ExportItem[] {
  const items: ExportItem[] = [];
  for (const [name, { type, definition }] of entities) {
    step(state, 0);
    switch (definition.kind) {
      case 'lift':
        items.push({ name, kind: 'func', lift: emitter.lift(definition, undefined, 0) });
        break;
      case 'host':
        items.push({ name, kind: 'host-func', path: definition.path });
        break;
      case 'instance':
        if (type.kind === 'instance') {
          const exports = new Map<string, Entity>();
          for (const [exported, exportedType] of type.exports) {
            const exportedDefinition = definition.exports.get(exported);
            if (exportedDefinition === undefined) continue;
            exports.set(exported, { type: exportedType, definition: exportedDefinition });
          }
          items.push({ name, kind: 'instance', exports: exportItems(state, emitter, exports) });
        }
        break;
      case 'type':
        if (type.kind === 'type' && type.type.kind === 'resource') {
          const resource = emitter.resource(type.type, 0);
          items.push({ name, kind: 'resource', resource, entering: emitter.enteringDestructor(type.type, undefined) });
        }
        break;
    }
  }
  return items;
}
