import type { ComponentAnalysis } from '../analyze.ts';
import type { CoreModule } from '../core-ast.ts';
import { recType } from '../core-types.ts';
import { SECTION, sectionReader } from '../section-edits.ts';
import { assertWithin, COMPONENT_BOUNDS, type Counted } from './bounds.ts';
import { coreFunctions } from './core-functions.ts';

/** How many there are of each that {@link COMPONENT_BOUNDS} bounds. */
export type ComponentCost = Readonly<Record<Counted, number>>;

/** Counts what the core modules of a component define; code is not looked at. */
export function componentCost(bytes: Uint8Array, { modules }: Pick<ComponentAnalysis, 'modules'>): ComponentCost {
  const sum = (of: (module: CoreModule) => number): number =>
    modules.reduce((total, { module }) => total + of(module), 0);
  const vector = (id: number): number => sum((module) => vectorLength(bytes, module, id));
  return {
    modules: modules.length,
    functions: vector(SECTION.function),
    types: sum((module) => typeCount(bytes, module)),
    imports: sum(({ imports }) => imports.length),
    exports: sum(({ exports }) => exports.length),
    globals: modules.reduce(
      (total, { instances, module }) => total + Math.max(instances, 1) * vectorLength(bytes, module, SECTION.global),
      0,
    ),
    tables: sum(({ tables }) => tables.length),
    elements: vector(SECTION.element),
    data: vector(SECTION.data),
    memories: modules.reduce((total, { instances, memories }) => total + instances * memories.length, 0),
    tags: modules.reduce((total, { instances, module }) => total + Math.max(instances, 1) * module.tags, 0),
    tagValues: sum((module) => tagValues(bytes, module)),
  };
}

/** @throws {PluginError} `ERR_COMPONENT_TOO_COMPLEX` */
export function assertComponentWithin(cost: ComponentCost): void {
  for (const kind of Object.keys(COMPONENT_BOUNDS) as Counted[]) {
    assertWithin(COMPONENT_BOUNDS[kind], cost[kind], 'it');
  }
}

/** Types of a group count one by one. */
function typeCount(bytes: Uint8Array, module: CoreModule): number {
  const section = sectionReader(bytes, module, SECTION.type);
  if (section.done) return 0;
  let types = 0;
  for (let left = section.u32(); left > 0; left--) types += recType(section).length;
  return types;
}

/** What the exceptions of all tags carry that a module defines. */
function tagValues(bytes: Uint8Array, module: CoreModule): number {
  if (module.tags === 0) return 0;
  const { type } = coreFunctions(bytes, module);
  const section = sectionReader(bytes, module, SECTION.tag);
  let values = 0;
  for (let left = section.u32(); left > 0; left--) {
    section.expect(0x00, 'the attribute of a tag');
    values += type(section.u32()).params;
  }
  return values;
}

/** The entries that a section announces, which come before them. */
function vectorLength(bytes: Uint8Array, module: CoreModule, id: number): number {
  const reader = sectionReader(bytes, module, id);
  return reader.done ? 0 : reader.u32();
}
