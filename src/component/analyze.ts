import type { Component } from './ast.ts';
import type { CoreExport, CoreImport, CoreMemory, CoreModule, CoreTable } from './core-ast.ts';
import { elaborate } from './elaborate.ts';
import { type Feature, featuresOf } from './features.ts';
import type { ExternType } from './types.ts';

/** An import or export of the component; `type.kind` says its sort. */
export interface ExternItem {
  readonly name: string;
  readonly kind: ExternType['kind'];
  readonly type: ExternType;
}

/** A core module of the component, and how it is used. */
export interface ModuleUse {
  /** Its place among all core modules of the file, nested components included, in the order of their bytes. */
  readonly index: number;
  readonly module: CoreModule;
  /** How many instances of it one instance of the component makes. */
  readonly instances: number;
  /** Those that it defines itself. */
  readonly memories: readonly CoreMemory[];
  readonly tables: readonly CoreTable[];
  readonly imports: readonly CoreImport[];
  readonly exports: readonly CoreExport[];
  /** The memories that its code could grow, by memory index: several where its instances are given different ones. */
  readonly grows: readonly ReadonlySet<CoreMemory>[];
}

/** What a component is made of and asks for, without running any of it. */
export interface ComponentAnalysis {
  readonly imports: readonly ExternItem[];
  readonly exports: readonly ExternItem[];
  readonly modules: readonly ModuleUse[];
  /** The core instances in the order in which they are made: indices into `modules`, -1 for an imported module. */
  readonly order: readonly number[];
  /** The memories that code could grow beyond their minimum. */
  readonly growable: ReadonlySet<CoreMemory>;
  /** What it uses beyond synchronous WASI 0.2 components of WebAssembly 2.0, sorted. */
  readonly features: readonly Feature[];
}

/**
 * Resolves the types of everything that a component imports and exports and counts its core instances.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT` or `ERR_LINK`; see {@link elaborate}.
 */
export function analyzeComponent(component: Component): ComponentAnalysis {
  const { imports, exports, order, growable, memories } = elaborate(component);
  const modules: CoreModule[] = [];
  collectModules(component, modules);
  const indices = new Map(modules.map((module, index) => [module, index]));
  const instances = new Map<CoreModule, number>();
  for (const module of order) if (module !== undefined) instances.set(module, (instances.get(module) ?? 0) + 1);
  return {
    imports: items(imports),
    exports: items(exports),
    modules: modules.map((module, index) => ({
      index,
      module,
      instances: instances.get(module) ?? 0,
      memories: module.memories,
      tables: module.tables,
      imports: module.imports,
      exports: module.exports,
      grows: memories.get(module) ?? [],
    })),
    order: order.map((module) => (module === undefined ? -1 : indices.get(module)!)),
    growable,
    features: featuresOf(component),
  };
}

function items(entities: ReadonlyMap<string, ExternType>): ExternItem[] {
  return [...entities].map(([name, type]) => ({ name, kind: type.kind, type }));
}

/** All core modules in the order of the file; components nest no deeper than the parser lets them. */
function collectModules(component: Component, modules: CoreModule[]): void {
  for (const definition of component.definitions) {
    if (definition.kind === 'core-module') modules.push(definition.module);
    else if (definition.kind === 'component') collectModules(definition.component, modules);
  }
}
