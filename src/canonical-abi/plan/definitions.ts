import type { Component, CoreSort } from '../../component/ast.ts';
import { newScope } from '../../component/scope.ts';
import type { FuncType, Scope } from '../../component/types.ts';
import type { CoreSignature } from './core-signatures.ts';
import type { CoreRef, ImportPath } from './plan.ts';

/*
 * The index spaces of a component while it is planned: what its definitions stand for at run time. `Scope` holds the
 * same entities by their types; the two are filled side by side.
 */

/** A core definition. What a canonical definition makes comes into being when it is first referred to. */
export interface CoreDefinition {
  readonly sort: CoreSort;
  /** Of a function. */
  readonly signature?: CoreSignature | undefined;
  /** Whether a canonical definition made it: then it is JavaScript, of which V8 does not check the type. */
  readonly canonical?: boolean;
  ref(): CoreRef;
}

export interface CoreInstanceDefinition {
  /** Its index among the core instances; one that only names exports of others is made when it is first used. */
  index(): number;
  get(name: string): CoreDefinition | undefined;
}

/** A function that `canon lift` made. */
export interface LiftedFunction {
  readonly kind: 'lift';
  readonly type: FuncType;
  readonly instance: number;
  readonly func: CoreRef;
  readonly context: number;
  readonly postReturn: CoreRef | undefined;
  readonly async: boolean;
  readonly callback: CoreRef | undefined;
}

/** A function that the component imports. */
interface HostFunction {
  readonly kind: 'host';
  readonly type: FuncType;
  readonly path: ImportPath;
}

export type FunctionDefinition = LiftedFunction | HostFunction;

interface InstanceDefinition {
  readonly kind: 'instance';
  readonly exports: ReadonlyMap<string, Definition>;
}

/** A component, with the index spaces that its outer aliases refer to. */
export interface ComponentDefinition {
  readonly kind: 'component';
  readonly component: Component;
  readonly space: Space;
}

/** The place of a core module among those of the file. */
interface ModuleDefinition {
  readonly kind: 'module';
  readonly index: number;
}

/** What components import, export and pass on. Types are in the scope, and exist at run time only as resources. */
export type Definition =
  | FunctionDefinition
  | InstanceDefinition
  | ComponentDefinition
  | ModuleDefinition
  | { readonly kind: 'type' };

export const TYPE: Definition = { kind: 'type' };

export interface Space {
  readonly parent: Space | undefined;
  readonly scope: Scope;
  /** The component instance whose definitions these are. */
  readonly instance: number;
  readonly funcs: FunctionDefinition[];
  readonly instances: InstanceDefinition[];
  readonly components: ComponentDefinition[];
  readonly modules: ModuleDefinition[];
  readonly coreInstances: CoreInstanceDefinition[];
  readonly core: Readonly<Record<CoreSort, CoreDefinition[]>>;
}

export function newSpace(parent: Space | undefined, instance: number): Space {
  return {
    parent,
    scope: newScope(parent?.scope),
    instance,
    funcs: [],
    instances: [],
    components: [],
    modules: [],
    coreInstances: [],
    core: { func: [], table: [], memory: [], global: [], tag: [] },
  };
}

/** Appends a definition to the index space of its sort. */
export function pushDefinition(space: Space, definition: Definition): void {
  switch (definition.kind) {
    case 'lift':
    case 'host':
      space.funcs.push(definition);
      return;
    case 'instance':
      space.instances.push(definition);
      return;
    case 'component':
      space.components.push(definition);
      return;
    case 'module':
      space.modules.push(definition);
      return;
    case 'type':
      return;
  }
}
