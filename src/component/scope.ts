import { invalidAt } from './reader.ts';
import type { ExternType, Scope } from './types.ts';

export function newScope(parent: Scope | undefined): Scope {
  return {
    parent,
    types: [],
    funcs: [],
    values: [],
    instances: [],
    components: [],
    modules: [],
    coreTypes: [],
    coreInstances: [],
    core: { func: [], table: [], memory: [], global: [], tag: [] },
  };
}

/** The entry of an index space. */
export function at<T>(space: readonly T[], index: number, what: string, offset: number): T {
  const found = space[index];
  if (found === undefined) throw invalidAt(offset, `${what} ${index} does not exist (there are ${space.length})`);
  return found;
}

/** The scope `count` levels outward. */
export function outward(scope: Scope, count: number, offset: number): Scope {
  let found: Scope | undefined = scope;
  for (let level = 0; level < count && found !== undefined; level++) found = found.parent;
  if (found === undefined) throw invalidAt(offset, `an alias reaches ${count} scopes outward, and there are fewer`);
  return found;
}

/** Appends an entity to the index space of its sort. */
export function push(scope: Scope, entity: ExternType): void {
  switch (entity.kind) {
    case 'func':
      scope.funcs.push(entity);
      return;
    case 'instance':
      scope.instances.push(entity);
      return;
    case 'component':
      scope.components.push(entity);
      return;
    case 'module':
      scope.modules.push(entity);
      return;
    case 'type':
      scope.types.push(entity.type);
      return;
    case 'value':
      scope.values.push(entity.type);
      return;
  }
}
