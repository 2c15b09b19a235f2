import type { Component, CoreSort, Declaration, PrimitiveType } from './ast.ts';
import type { CoreMemory, CoreModule, CoreModuleType, CoreType } from './core-ast.ts';

/*
 * Types with every index resolved. They are plain data and may share parts: a record that is used twice is one object,
 * so a small file can stand for a huge tree. Whoever walks a type bounds the walk, or remembers the objects it has seen.
 */

export interface Labelled {
  readonly name: string;
  readonly type: ValueType;
}

export type ValueType =
  | { readonly kind: PrimitiveType }
  | { readonly kind: 'record'; readonly fields: readonly Labelled[] }
  | {
      readonly kind: 'variant';
      readonly cases: readonly { readonly name: string; readonly type: ValueType | undefined }[];
    }
  | { readonly kind: 'list'; readonly element: ValueType; readonly length: number | undefined }
  | { readonly kind: 'map'; readonly key: ValueType; readonly value: ValueType }
  | { readonly kind: 'tuple'; readonly elements: readonly ValueType[] }
  | { readonly kind: 'flags' | 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'option'; readonly some: ValueType }
  | { readonly kind: 'result'; readonly ok: ValueType | undefined; readonly error: ValueType | undefined }
  | { readonly kind: 'own' | 'borrow'; readonly resource: ResourceType }
  | { readonly kind: 'stream' | 'future'; readonly element: ValueType | undefined };

export interface FuncType {
  readonly kind: 'func';
  readonly async: boolean;
  readonly params: readonly Labelled[];
  readonly result: ValueType | undefined;
}

/** A resource type. Its identity is that of the object: two resources are the same type if they are the same object. */
export interface ResourceType {
  readonly kind: 'resource';
  /** The name under which it was imported or exported first; undefined while it has none. */
  name: string | undefined;
}

/** An instance type or component type: its declarations, and the scope that its outer aliases refer to. */
export interface DeclaredType {
  readonly kind: 'instance-type' | 'component-type';
  readonly declarations: readonly Declaration[];
  readonly scope: Scope;
}

/** What a type index can stand for. */
export type Type = ValueType | FuncType | ResourceType | DeclaredType;

/** An instance: what it exports, by name. */
export interface InstanceType {
  readonly kind: 'instance';
  readonly exports: ReadonlyMap<string, ExternType>;
}

/** A component, with the scope that its outer aliases refer to; or the type of one that is imported from outside. */
export interface ComponentValue {
  readonly kind: 'component';
  readonly definition: Component | DeclaredType;
  readonly scope: Scope;
}

/** A core module, or the type of one that is imported from outside. */
interface ModuleValue {
  readonly kind: 'module';
  readonly module: CoreModule | CoreModuleType;
}

/** What components import and export, with its type. */
export type ExternType =
  | FuncType
  | InstanceType
  | ComponentValue
  | ModuleValue
  | { readonly kind: 'type'; readonly type: Type }
  | { readonly kind: 'value'; readonly type: ValueType };

/** Whether a type is the type of values: not that of functions, instances, components or resources. */
export function isValueType(type: Type): type is ValueType {
  switch (type.kind) {
    case 'func':
    case 'resource':
    case 'instance-type':
    case 'component-type':
      return false;
    default:
      return true;
  }
}

/** What a core instance exports or a component aliases: its sort, and for a memory where it is defined, if that is known. */
export interface CoreEntity {
  readonly sort: CoreSort;
  readonly memory: CoreMemory | undefined;
}

/** What a core instance exports, by name. */
export type CoreInstanceExports = ReadonlyMap<string, CoreEntity>;

/** The index spaces of one component, component type or instance type while it is being evaluated. */
export interface Scope {
  readonly parent: Scope | undefined;
  readonly types: Type[];
  readonly funcs: FuncType[];
  readonly values: ValueType[];
  readonly instances: InstanceType[];
  readonly components: ComponentValue[];
  readonly modules: ModuleValue[];
  readonly coreTypes: CoreType[];
  readonly coreInstances: CoreInstanceExports[];
  readonly core: Readonly<Record<CoreSort, CoreEntity[]>>;
}
