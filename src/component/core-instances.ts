import type { CoreInstance } from './ast.ts';
import type { CoreMemory, CoreModule } from './core-ast.ts';
import { countInstance, link, type State, step } from './elaboration-state.ts';
import { invalidAt } from './reader.ts';
import { at } from './scope.ts';
import type { CoreEntity, CoreInstanceExports, Scope } from './types.ts';

/** What a canonical definition adds to the core functions. */
export const coreFunc: CoreEntity = { sort: 'func', memory: undefined };

/** Evaluates a core instance, on the names and sorts of what it exports. */
export function coreInstance(state: State, scope: Scope, definition: CoreInstance): CoreInstanceExports {
  const { offset } = definition;
  if (definition.how === 'instantiate') return instantiate(state, scope, definition);
  step(state, offset, definition.exports.length);
  const exports = new Map<string, CoreEntity>();
  for (const { name, value } of definition.exports) {
    if (exports.has(name)) throw invalidAt(offset, 'two exports have the same name');
    exports.set(name, at(scope.core[value.sort], value.index, `core ${value.sort}`, offset));
  }
  return exports;
}

function instantiate(
  state: State,
  scope: Scope,
  { offset, module: index, args }: Extract<CoreInstance, { how: 'instantiate' }>,
): CoreInstanceExports {
  countInstance(state, offset);
  const { module } = at(scope.modules, index, 'module', offset);
  step(state, offset, args.length + module.imports.length);
  const given = new Map<string, CoreInstanceExports>();
  for (const { name, value } of args) given.set(name, at(scope.coreInstances, value, 'core instance', offset));
  const memories: (CoreMemory | undefined)[] = [];
  for (const { module: from, name, type } of module.imports) {
    const entity = given.get(from)?.get(name);
    if (entity?.sort !== type.kind) {
      throw link(offset, `a core module is instantiated without its import of a ${type.kind}:`, `${from}.${name}`);
    }
    if (entity.sort === 'memory') memories.push(entity.memory);
  }
  if (!('span' in module)) {
    state.order.push(undefined);
    return new Map(module.exports.map(({ name, type }) => [name, { sort: type.kind, memory: undefined }]));
  }
  state.order.push(module);
  const imported = memories.length > 0;
  memories.push(...module.memories);
  if (module.mayGrow) noteGrowth(state, module, memories);
  // Only the memories that are passed in differ from instance to instance.
  const known = imported ? undefined : state.exports.get(module);
  if (known !== undefined) return known;
  const exports = moduleExports(state, module, memories, offset);
  state.exports.set(module, exports);
  return exports;
}

/** Takes down which memories the code of a module could grow. */
function noteGrowth(state: State, module: CoreModule, memories: readonly (CoreMemory | undefined)[]): void {
  const space = state.memories.get(module) ?? memories.map(() => new Set());
  state.memories.set(module, space);
  for (const [index, memory] of memories.entries()) {
    if (memory === undefined) continue;
    state.growable.add(memory);
    space[index]!.add(memory);
  }
}

function moduleExports(
  state: State,
  { exports }: CoreModule,
  memories: readonly (CoreMemory | undefined)[],
  offset: number,
): CoreInstanceExports {
  step(state, offset, exports.length);
  return new Map(
    exports.map(({ name, kind, index }) => [
      name,
      { sort: kind, memory: kind === 'memory' ? memories[index] : undefined },
    ]),
  );
}
