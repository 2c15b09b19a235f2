import type { Alias, Declaration, ExternTypeRef, TypeDefinition } from './ast.ts';
import type { CoreType } from './core-ast.ts';
import { deeper, link, type State, step } from './elaboration-state.ts';
import { invalidAt } from './reader.ts';
import { at, newScope, outward, push } from './scope.ts';
import type { DeclaredType, ExternType, InstanceType, Scope, Type } from './types.ts';
import { definedValueType, funcTypeIn, valueTypeIn } from './value-types.ts';

export type Exports = Map<string, ExternType>;

/** The definitions that may also be declarations of a component type or an instance type. */
export function declare(
  state: State,
  declaration: Extract<Declaration, { kind: 'core-type' | 'type' | 'alias' }>,
  scope: Scope,
): void {
  switch (declaration.kind) {
    case 'core-type':
      addCoreTypes(state, scope, declaration.type, declaration.offset);
      return;
    case 'type':
      scope.types.push(typeIn(state, scope, declaration.type, declaration.offset));
      return;
    case 'alias':
      aliasIn(scope, declaration);
      return;
  }
}

function addCoreTypes(state: State, scope: Scope, type: CoreType, offset: number): void {
  const count = type.kind === 'rec' ? type.count : 1;
  step(state, offset, count);
  for (let index = 0; index < count; index++) scope.coreTypes.push(type);
}

export function addExport(exports: Exports, name: string, entity: ExternType, offset: number): void {
  if (exports.has(name)) throw invalidAt(offset, 'two exports have the same name');
  exports.set(name, entity);
}

function typeIn(state: State, scope: Scope, definition: TypeDefinition, offset: number): Type {
  switch (definition.kind) {
    case 'func':
      step(state, offset, definition.params.length);
      return funcTypeIn(scope, definition, offset);
    case 'resource':
      return { kind: 'resource', name: undefined };
    case 'instance':
      return { kind: 'instance-type', declarations: definition.declarations, scope };
    case 'component':
      return { kind: 'component-type', declarations: definition.declarations, scope };
    case 'record':
      step(state, offset, definition.fields.length);
      break;
    case 'variant':
      step(state, offset, definition.cases.length);
      break;
    case 'tuple':
      step(state, offset, definition.elements.length);
      break;
    case 'flags':
    case 'enum':
      step(state, offset, definition.names.length);
      break;
  }
  return definedValueType(scope, definition, offset);
}

function aliasIn(scope: Scope, alias: Alias): void {
  const { offset } = alias;
  switch (alias.target) {
    case 'export': {
      const found = at(scope.instances, alias.instance, 'instance', offset).exports.get(alias.name);
      if (found?.kind !== alias.sort) throw link(offset, `an instance exports no ${alias.sort}`, alias.name);
      push(scope, found);
      return;
    }
    case 'core-export': {
      const found = at(scope.coreInstances, alias.instance, 'core instance', offset).get(alias.name);
      if (found?.sort !== alias.sort) throw link(offset, `a core instance exports no ${alias.sort}`, alias.name);
      scope.core[alias.sort].push(found);
      return;
    }
    case 'outer': {
      const outer = outward(scope, alias.count, offset);
      if (alias.sort === 'type') scope.types.push(at(outer.types, alias.index, 'type', offset));
      else if (alias.sort === 'core-type') scope.coreTypes.push(at(outer.coreTypes, alias.index, 'core type', offset));
      else if (alias.sort === 'module') scope.modules.push(at(outer.modules, alias.index, 'module', offset));
      else scope.components.push(at(outer.components, alias.index, 'component', offset));
    }
  }
}

/**
 * The entity that an import or export is declared to be. With a `witness`, the entity that is there in fact, the
 * declared type is filled from it: resources keep their identity, exports that are not declared are hidden.
 */
export function externTypeIn(
  state: State,
  scope: Scope,
  ref: ExternTypeRef,
  name: string,
  witness: ExternType | undefined,
  offset: number,
): ExternType {
  step(state, offset);
  if (witness !== undefined && witness.kind !== ref.kind) {
    throw link(offset, `expected ${article(ref.kind)}, got ${article(witness.kind)}:`, name);
  }
  switch (ref.kind) {
    case 'func': {
      const type = at(scope.types, ref.type, 'type', offset);
      if (type.kind !== 'func') throw invalidAt(offset, `type ${ref.type} is not that of a function`);
      return type;
    }
    case 'instance': {
      const type = at(scope.types, ref.type, 'type', offset);
      if (type.kind !== 'instance-type') throw invalidAt(offset, `type ${ref.type} is not that of an instance`);
      const actual = witness?.kind === 'instance' ? witness.exports : undefined;
      return open(state, type, undefined, actual, offset);
    }
    case 'component': {
      const type = at(scope.types, ref.type, 'type', offset);
      if (type.kind !== 'component-type') throw invalidAt(offset, `type ${ref.type} is not that of a component`);
      return witness ?? { kind: 'component', definition: type, scope };
    }
    case 'module': {
      const type = at(scope.coreTypes, ref.type, 'core type', offset);
      if (type.kind !== 'module') throw invalidAt(offset, `core type ${ref.type} is not that of a module`);
      return witness ?? { kind: 'module', module: type };
    }
    case 'type':
      if (ref.bound !== 'resource') return { kind: 'type', type: at(scope.types, ref.bound, 'type', offset) };
      if (witness === undefined) return { kind: 'type', type: { kind: 'resource', name } };
      if (witness.kind === 'type' && witness.type.kind === 'resource') return witness;
      throw link(offset, 'expected a resource, got another type:', name);
    case 'value':
      if ('type' in ref) return { kind: 'value', type: valueTypeIn(scope, ref.type, offset) };
      return { kind: 'value', type: at(scope.values, ref.bound, 'value', offset) };
  }
}

/** Evaluates the declarations of an instance type, or of a component type whose imports are given. */
export function open(
  state: State,
  type: DeclaredType,
  args: ReadonlyMap<string, ExternType> | undefined,
  actual: ReadonlyMap<string, ExternType> | undefined,
  offset: number,
): InstanceType {
  deeper(state, offset);
  const scope = newScope(type.scope);
  const exports: Exports = new Map();
  for (const declaration of type.declarations) {
    step(state, declaration.offset);
    if (declaration.kind === 'import') {
      push(scope, argument(state, scope, args, declaration.name, declaration.type, declaration.offset));
    } else if (declaration.kind === 'export-declaration') {
      const { name } = declaration;
      const witness = actual?.get(name);
      if (actual !== undefined && witness === undefined) throw link(declaration.offset, 'an export is missing:', name);
      const entity = externTypeIn(state, scope, declaration.type, name, witness, declaration.offset);
      addExport(exports, name, entity, declaration.offset);
      push(scope, entity);
    } else {
      declare(state, declaration, scope);
    }
  }
  state.depth--;
  return { kind: 'instance', exports };
}

/** What an import of a component is bound to: the argument of that name, seen as the type that the import declares. */
export function argument(
  state: State,
  scope: Scope,
  args: ReadonlyMap<string, ExternType> | undefined,
  name: string,
  type: ExternTypeRef,
  offset: number,
): ExternType {
  const given = args?.get(name);
  if (args !== undefined && given === undefined) throw link(offset, 'a component is instantiated without', name);
  return externTypeIn(state, scope, type, name, given, offset);
}

function article(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}
