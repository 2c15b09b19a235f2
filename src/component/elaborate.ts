import type { Component, Definition, ExternTypeRef, Instance, SortIndex } from './ast.ts';
import type { CoreMemory, CoreModule } from './core-ast.ts';
import { coreFunc, coreInstance } from './core-instances.ts';
import { addExport, argument, declare, type Exports, externTypeIn, open } from './declarations.ts';
import { countInstance, deeper, newState, type State, step } from './elaboration-state.ts';
import { invalidAt } from './reader.ts';
import { at, newScope, push } from './scope.ts';
import type { ComponentValue, ExternType, InstanceType, Scope } from './types.ts';
import { valueTypeIn } from './value-types.ts';

/** What evaluating a component finds. */
export interface Elaboration {
  readonly imports: ReadonlyMap<string, ExternType>;
  readonly exports: ReadonlyMap<string, ExternType>;
  /** The modules of the core instances, in the order of instantiation; `undefined` for one that is imported. */
  readonly order: readonly (CoreModule | undefined)[];
  /** The memories that code could grow: their own module's, or that of a module that imports them. */
  readonly growable: ReadonlySet<CoreMemory>;
  /** The same by module and memory index: several where the instances of the module are given different ones. */
  readonly memories: ReadonlyMap<CoreModule, readonly ReadonlySet<CoreMemory>[]>;
}

/**
 * Evaluates a component as instantiation would, on types instead of values: fills the index spaces in order,
 * instantiates nested components with their arguments, and counts what is instantiated. Instantiation is static in the
 * component model, so the counts are exact. Checks what it needs (indices, sorts, names), and is no validator:
 * that types match is left to the tools that compile the component.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT` for what is malformed or out of bounds, `ERR_LINK` for an argument
 * or export that is missing or of another sort.
 */
export function elaborate(component: Component): Elaboration {
  const state = newState();
  const imports = new Map<string, ExternType>();
  const scope = newScope(undefined);
  const exports = evaluate(state, component, scope, (name, type, offset) => {
    if (imports.has(name)) throw invalidAt(offset, 'two imports have the same name');
    const entity = externTypeIn(state, scope, type, name, undefined, offset);
    imports.set(name, entity);
    return entity;
  });
  return { imports, exports, order: state.order, growable: state.growable, memories: state.memories };
}

type Import = (name: string, type: ExternTypeRef, offset: number) => ExternType;

function evaluate(state: State, component: Component, scope: Scope, imported: Import): Exports {
  const exports: Exports = new Map();
  for (const definition of component.definitions) {
    step(state, definition.offset);
    define(state, definition, scope, imported, exports);
  }
  return exports;
}

function define(state: State, definition: Definition, scope: Scope, imported: Import, exports: Exports): void {
  const { offset } = definition;
  switch (definition.kind) {
    case 'core-module':
      scope.modules.push({ kind: 'module', module: definition.module });
      return;
    case 'core-instance':
      scope.coreInstances.push(coreInstance(state, scope, definition));
      return;
    case 'component':
      scope.components.push({ kind: 'component', definition: definition.component, scope });
      return;
    case 'instance':
      scope.instances.push(instance(state, scope, definition));
      return;
    case 'canon':
      if (definition.canon === 'lift') {
        const type = at(scope.types, definition.type, 'type', offset);
        if (type.kind !== 'func') throw invalidAt(offset, `type ${definition.type} is not that of a function`);
        scope.funcs.push(type);
      } else {
        if (definition.canon === 'lower') at(scope.funcs, definition.func, 'function', offset);
        if ('resource' in definition && at(scope.types, definition.resource, 'type', offset).kind !== 'resource') {
          throw invalidAt(offset, `type ${definition.resource} is not a resource`);
        }
        scope.core.func.push(coreFunc);
      }
      return;
    case 'start': {
      const type = at(scope.funcs, definition.func, 'function', offset);
      if (type.result !== undefined) scope.values.push(type.result);
      return;
    }
    case 'import':
      push(scope, imported(definition.name, definition.type, offset));
      return;
    case 'export': {
      const item = lookUp(scope, definition.item, offset);
      const { name, type } = definition;
      const entity = type === undefined ? item : externTypeIn(state, scope, type, name, item, offset);
      if (entity.kind === 'type' && entity.type.kind === 'resource') entity.type.name ??= name;
      addExport(exports, name, entity, offset);
      push(scope, entity);
      return;
    }
    case 'value':
      scope.values.push(valueTypeIn(scope, definition.type, offset));
      return;
    case 'custom':
      return;
    default:
      declare(state, definition, scope);
  }
}

function lookUp(scope: Scope, { sort, index }: SortIndex, offset: number): ExternType {
  switch (sort) {
    case 'func':
      return at(scope.funcs, index, 'function', offset);
    case 'instance':
      return at(scope.instances, index, 'instance', offset);
    case 'component':
      return at(scope.components, index, 'component', offset);
    case 'module':
      return at(scope.modules, index, 'module', offset);
    case 'type':
      return { kind: 'type', type: at(scope.types, index, 'type', offset) };
    case 'value':
      return { kind: 'value', type: at(scope.values, index, 'value', offset) };
  }
}

function instance(state: State, scope: Scope, definition: Instance): InstanceType {
  const { offset } = definition;
  if (definition.how === 'exports') {
    const exports: Exports = new Map();
    step(state, offset, definition.exports.length);
    for (const { name, value } of definition.exports) addExport(exports, name, lookUp(scope, value, offset), offset);
    return { kind: 'instance', exports };
  }
  countInstance(state, offset);
  step(state, offset, definition.args.length);
  const component = at(scope.components, definition.component, 'component', offset);
  const args = new Map<string, ExternType>();
  for (const { name, value } of definition.args) {
    if (args.has(name)) throw invalidAt(offset, 'two arguments have the same name');
    args.set(name, lookUp(scope, value, offset));
  }
  return instantiate(state, component, args, offset);
}

function instantiate(
  state: State,
  component: ComponentValue,
  args: ReadonlyMap<string, ExternType>,
  offset: number,
): InstanceType {
  if (!('definitions' in component.definition)) return open(state, component.definition, args, undefined, offset);
  deeper(state, offset);
  const scope = newScope(component.scope);
  const exports = evaluate(state, component.definition, scope, (name, type, importOffset) =>
    argument(state, scope, args, name, type, importOffset),
  );
  state.depth--;
  return { kind: 'instance', exports };
}
