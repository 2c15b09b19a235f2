import type {
  Canon,
  Component,
  ExternTypeRef,
  Instance,
  SortIndex,
  Definition as Syntax,
} from '../../component/ast.ts';
import type { CoreModule } from '../../component/core-ast.ts';
import { addExport, argument, declare, type Exports, externTypeIn } from '../../component/declarations.ts';
import { countInstance, deeper, link, type State, step } from '../../component/elaboration-state.ts';
import { invalidAt } from '../../component/reader.ts';
import { at, push } from '../../component/scope.ts';
import type { ExternType, FuncType, InstanceType, ResourceType } from '../../component/types.ts';
import { builtIn } from './built-ins.ts';
import { bundle, instantiated, lazyFunction, type PlacedModule } from './core-definitions.ts';
import { type CoreSignature, coreSignature } from './core-signatures.ts';
import {
  type ComponentDefinition,
  type Definition,
  newSpace,
  pushDefinition,
  type Space,
  TYPE,
} from './definitions.ts';
import type { Emitter } from './emitter.ts';
import type { CoreRef } from './plan.ts';
import { unsupported } from './unsupported.ts';

/** A callback is told an event in three numbers, and answers what is to be done next. */
const CALLBACK = coreSignature(['i32', 'i32', 'i32'], ['i32']);

/** An entity twice: as the type that the rest of the component sees, and as what it stands for. */
export interface Entity {
  readonly type: ExternType;
  readonly definition: Definition;
}

/** What an import of the component that is being evaluated stands for. */
export type Import = (name: string, type: ExternTypeRef, offset: number) => Entity;

export interface Evaluation {
  readonly state: State;
  readonly emitter: Emitter;
  readonly modules: ReadonlyMap<CoreModule, PlacedModule>;
}

/**
 * Evaluates a component as instantiation would, and emits what has to happen at run time. The type half of it is the
 * same as in `elaborate`; the other half follows "Component Instances" of the specification: aliases, arguments and
 * exports disappear, because all of them are known beforehand.
 */
export function evaluate(
  evaluation: Evaluation,
  component: Component,
  space: Space,
  imported: Import,
): ReadonlyMap<string, Entity> {
  const exports = new Map<string, Entity>();
  for (const definition of component.definitions) {
    step(evaluation.state, definition.offset);
    define(evaluation, definition, space, imported, exports);
  }
  return exports;
}

function define(
  evaluation: Evaluation,
  definition: Syntax,
  space: Space,
  imported: Import,
  exports: Map<string, Entity>,
): void {
  const { state, emitter, modules } = evaluation;
  const { scope } = space;
  const { offset } = definition;
  switch (definition.kind) {
    case 'core-module':
      scope.modules.push({ kind: 'module', module: definition.module });
      space.modules.push({ kind: 'module', index: modules.get(definition.module)!.place });
      return;
    case 'core-instance': {
      if (definition.how === 'exports') {
        step(state, offset, definition.exports.length);
        space.coreInstances.push(bundle(emitter, space, definition));
        return;
      }
      countInstance(state, offset);
      const { module } = at(scope.modules, definition.module, 'module', offset);
      if (!('span' in module)) throw unsupported('it imports a core module');
      step(state, offset, definition.args.length + module.imports.length + module.exports.length);
      space.coreInstances.push(instantiated(emitter, space, definition, modules.get(module)!));
      return;
    }
    case 'component':
      scope.components.push({ kind: 'component', definition: definition.component, scope });
      space.components.push({ kind: 'component', component: definition.component, space });
      return;
    case 'instance':
      enter(space, instance(evaluation, space, definition));
      return;
    case 'alias':
      alias(evaluation, space, definition);
      return;
    case 'type':
    case 'core-type':
      declare(state, definition, scope);
      if (definition.kind === 'type' && definition.type.kind === 'resource') {
        const { destructor } = definition.type;
        emitter.define(scope.types.at(-1) as ResourceType, {
          kind: 'guest',
          instance: space.instance,
          destructor: destructor === undefined ? undefined : coreFunc(space, destructor, 'i32 -> ', offset),
        });
      }
      return;
    case 'canon':
      canon(evaluation, space, definition);
      return;
    case 'import':
      enter(space, imported(definition.name, definition.type, offset));
      return;
    case 'export': {
      const { name, type, item } = definition;
      const entity = lookUp(space, item, offset);
      const seen = type === undefined ? entity.type : externTypeIn(state, scope, type, name, entity.type, offset);
      if (exports.has(name)) throw invalidAt(offset, 'two exports have the same name');
      exports.set(name, { type: seen, definition: entity.definition });
      enter(space, { type: seen, definition: entity.definition });
      return;
    }
    case 'start':
    case 'value':
      throw unsupported('it uses values at instantiation');
    case 'custom':
      return;
  }
}

function enter(space: Space, { type, definition }: Entity): void {
  push(space.scope, type);
  pushDefinition(space, definition);
}

function alias({ state }: Evaluation, space: Space, alias: Extract<Syntax, { kind: 'alias' }>): void {
  const { offset } = alias;
  if (alias.target === 'core-export') {
    const found = at(space.coreInstances, alias.instance, 'core instance', offset).get(alias.name);
    if (found?.sort !== alias.sort) throw link(offset, `a core instance exports no ${alias.sort}`, alias.name);
    space.core[alias.sort].push(found);
    return;
  }
  declare(state, alias, space.scope);
  if (alias.target === 'export') {
    if (alias.sort === 'type') return;
    const found = space.instances[alias.instance]?.exports.get(alias.name);
    if (found === undefined) throw link(offset, `an instance exports no ${alias.sort}`, alias.name);
    pushDefinition(space, found);
    return;
  }
  if (alias.sort !== 'component' && alias.sort !== 'module') return;
  let outer: Space | undefined = space;
  for (let level = 0; level < alias.count; level++) outer = outer?.parent;
  const found = alias.sort === 'component' ? outer?.components[alias.index] : outer?.modules[alias.index];
  if (found === undefined) throw invalidAt(offset, 'an alias of what is not there');
  pushDefinition(space, found);
}

function canon({ emitter }: Evaluation, space: Space, canon: Canon): void {
  const { scope } = space;
  const { offset } = canon;
  switch (canon.canon) {
    case 'lift': {
      const type = funcType(space, canon.type, offset);
      const { params, results } = emitter.flatten(type, canon.options, 'lift', offset);
      const { postReturn, async, callback } = canon.options;
      scope.funcs.push(type);
      space.funcs.push({
        kind: 'lift',
        type,
        instance: space.instance,
        func: coreFunc(space, canon.func, coreSignature(params, results), offset),
        context: emitter.context(space, canon.options, offset)(),
        postReturn:
          postReturn === undefined ? undefined : coreFunc(space, postReturn, coreSignature(results, []), offset),
        async,
        callback: callback === undefined ? undefined : coreFunc(space, callback, CALLBACK, offset),
      });
      return;
    }
    case 'lower': {
      const seen = at(scope.funcs, canon.func, 'function', offset);
      const callee = at(space.funcs, canon.func, 'function', offset);
      const { params, results } = emitter.flatten(seen, canon.options, 'lower', offset);
      // What an import declares and what it is given must agree; only functions that are called matter.
      if (emitter.types.signature(seen, offset) !== emitter.types.signature(callee.type, offset)) {
        throw link(offset, 'a function is given another type than the one that it is imported with', '');
      }
      const context = emitter.context(space, canon.options, offset);
      const signature = coreSignature(params, results);
      const { async } = canon.options;
      space.core.func.push(lazyFunction(signature, () => emitter.lower(space, callee, context(), async, offset)));
      return;
    }
    case 'built-in':
      space.core.func.push(builtIn(emitter, space, canon));
      return;
    default: {
      const type = at(scope.types, canon.resource, 'type', offset);
      if (type.kind !== 'resource') throw invalidAt(offset, `type ${canon.resource} is not a resource`);
      const { instance } = space;
      space.core.func.push(
        lazyFunction(canon.canon === 'resource.drop' ? 'i32 -> ' : 'i32 -> i32', () =>
          emitter.emit('funcs', {
            kind: canon.canon,
            resource: emitter.resource(type, offset),
            instance,
            entering: emitter.enteringDestructor(type, instance),
          }),
        ),
      );
    }
  }
}

/** A core function that a canonical definition uses. V8 would convert or ignore what does not fit, so it has to fit. */
function coreFunc({ core }: Space, index: number, signature: CoreSignature, offset: number): CoreRef {
  const found = at(core.func, index, 'core func', offset);
  if (found.signature !== signature) {
    throw invalidAt(offset, `a core function of type \`${found.signature}\` where \`${signature}\` is needed`);
  }
  return found.ref();
}

function funcType({ scope }: Space, index: number, offset: number): FuncType {
  const type = at(scope.types, index, 'type', offset);
  if (type.kind !== 'func') throw invalidAt(offset, `type ${index} is not that of a function`);
  return type;
}

function lookUp({ scope, ...space }: Space, { sort, index }: SortIndex, offset: number): Entity {
  switch (sort) {
    case 'func':
      return { type: at(scope.funcs, index, sort, offset), definition: at(space.funcs, index, sort, offset) };
    case 'instance':
      return { type: at(scope.instances, index, sort, offset), definition: at(space.instances, index, sort, offset) };
    case 'component':
      return { type: at(scope.components, index, sort, offset), definition: at(space.components, index, sort, offset) };
    case 'module':
      return { type: at(scope.modules, index, sort, offset), definition: at(space.modules, index, sort, offset) };
    case 'type':
      return { type: { kind: 'type', type: at(scope.types, index, sort, offset) }, definition: TYPE };
    case 'value':
      throw unsupported('it uses values at instantiation');
  }
}

function instance(evaluation: Evaluation, space: Space, definition: Instance): Entity {
  const { state } = evaluation;
  const { offset } = definition;
  const given = new Map<string, Entity>();
  const named = definition.how === 'exports' ? definition.exports : definition.args;
  step(state, offset, named.length);
  for (const { name, value } of named) {
    if (given.has(name)) throw invalidAt(offset, 'two exports or arguments have the same name');
    given.set(name, lookUp(space, value, offset));
  }
  if (definition.how === 'exports') return instanceOf(given);
  countInstance(state, offset);
  const component = at(space.components, definition.component, 'component', offset);
  return instantiate(evaluation, space, component, given, offset);
}

function instanceOf(entities: ReadonlyMap<string, Entity>): Entity {
  const types: Exports = new Map();
  const definitions = new Map<string, Definition>();
  for (const [name, { type, definition }] of entities) {
    addExport(types, name, type, 0);
    definitions.set(name, definition);
  }
  const type: InstanceType = { kind: 'instance', exports: types };
  return { type, definition: { kind: 'instance', exports: definitions } };
}

function instantiate(
  evaluation: Evaluation,
  from: Space,
  component: ComponentDefinition,
  args: ReadonlyMap<string, Entity>,
  offset: number,
): Entity {
  const { state, emitter } = evaluation;
  deeper(state, offset);
  const space = newSpace(component.space, emitter.componentInstance(from.instance));
  const types = new Map([...args].map(([name, { type }]) => [name, type]));
  const exports = evaluate(evaluation, component.component, space, (name, type, importOffset) => ({
    type: argument(state, space.scope, types, name, type, importOffset),
    definition: args.get(name)!.definition,
  }));
  state.depth--;
  return instanceOf(exports);
}
