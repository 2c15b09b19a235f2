import type { ComponentAnalysis, ModuleUse } from './analyze.ts';
import type { Component } from './ast.ts';
import { type Caps, MAX_PAGES, planCaps } from './caps.ts';
import { recordCodeChanges } from './code-map.ts';
import type { CoreMemory, CoreModule, CoreTable } from './core-ast.ts';
import { applyEdits, type Edit, leb128, replace, resized } from './edits.ts';
import type { Lowered } from './grow-function.ts';
import { instrumentMemory } from './instrument.ts';

/** V8 makes no table with more entries ("Limits" of the WebAssembly JavaScript interface). */
const MAX_ENTRIES = 10_000_000;

/** The binary form of the types of elements whose tables are instrumented; others are rare. */
const ELEMENTS: ReadonlyMap<string, number> = new Map([
  ['funcref', 0x70],
  ['externref', 0x6f],
]);

/** The maximum that each memory and table gets, if its module is instantiated. */
type Maxima = ReadonlyMap<CoreMemory | CoreTable, number>;

interface Plan {
  readonly maxima: Maxima;
  /** What the code of each module grows that gets a lower maximum. */
  readonly lowered: ReadonlyMap<CoreModule, readonly Lowered[]>;
}

/**
 * Rewrites the memory and table sections of the core modules of a component, nested ones included, so that one instance
 * of it never takes more than `maxMemoryBytes`: the maximum that a module declares is the one cap that V8 enforces.
 * Limits of imports keep what they say: an importer with a lower maximum than the definition would fail to link. Code
 * that grows what got a lower maximum is changed to tell when it is refused, and memories that are nobody's but their
 * module's are exported, so that they can be counted; see {@link instrumentMemory}. All other bytes stay as they are, but for the lengths of what encloses a change.
 *
 * @param maxMemoryBytes The budget in bytes; {@link planCaps} says how it is shared out, and what it refuses.
 * @returns A new component, or the same bytes if none of them changes.
 */
export function capComponent(
  bytes: Uint8Array,
  component: Component,
  analysis: ComponentAnalysis,
  { maxMemoryBytes }: { readonly maxMemoryBytes: number },
): Uint8Array {
  const edits: Edit[] = [];
  editComponent(bytes, component, planOf(planCaps(analysis, maxMemoryBytes)), edits);
  return edits.length === 0 ? bytes : applyEdits(bytes, edits);
}

function planOf({ modules }: Caps): Plan {
  const maxima = new Map<CoreMemory | CoreTable, number>();
  for (const { use, memories, tables } of modules) {
    for (const [place, memory] of use.memories.entries()) maxima.set(memory, memories[place]!);
    for (const [place, table] of use.tables.entries()) maxima.set(table, tables[place]!);
  }
  const lowered = modules.map(
    ({ use }) => [use.module, [...loweredMemories(use, maxima), ...loweredTables(use, maxima)]] as const,
  );
  return { maxima, lowered: new Map(lowered) };
}

/** A memory that instances of other components define has an entry as well: it may be imported and grown. */
function loweredMemories({ grows }: ModuleUse, maxima: Maxima): Lowered[] {
  return [...grows.entries()].flatMap(([index, memories]) => {
    const all = [...memories];
    if (!all.some((memory) => isLowered(memory, maxima))) return [];
    const own = Math.max(...all.map(({ limits }) => Math.min(limits.max ?? MAX_PAGES, MAX_PAGES)));
    return [{ kind: 'memory', index, wide: all.some(({ limits }) => limits.wide), own }];
  });
}

/** Tables that are imported are left out: no toolchain grows those. */
function loweredTables({ tables, imports }: ModuleUse, maxima: Maxima): Lowered[] {
  const before = imports.filter(({ type }) => type.kind === 'table').length;
  return tables.flatMap((table, place) => {
    const element = ELEMENTS.get(table.element);
    if (element === undefined || !isLowered(table, maxima)) return [];
    const { wide, max } = table.limits;
    return [{ kind: 'table', index: before + place, wide, own: Math.min(max ?? MAX_ENTRIES, MAX_ENTRIES), element }];
  });
}

function isLowered(defined: CoreMemory | CoreTable, maxima: Maxima): boolean {
  const { max } = defined.limits;
  return max === undefined || max > maxima.get(defined)!;
}

/** Collects the edits within a component; returns by how many bytes it grows. */
function editComponent(bytes: Uint8Array, component: Component, plan: Plan, edits: Edit[]): number {
  return resized(component.span, component.size, edits, () => {
    let growth = 0;
    for (const definition of component.definitions) {
      if (definition.kind === 'component') growth += editComponent(bytes, definition.component, plan, edits);
      else if (definition.kind === 'core-module') growth += editModule(bytes, definition.module, plan, edits);
    }
    return growth;
  });
}

function editModule(bytes: Uint8Array, module: CoreModule, { maxima, lowered }: Plan, edits: Edit[]): number {
  const grown = lowered.get(module);
  if (grown === undefined) return 0;
  return resized(module.span, module.size, edits, () => {
    let growth = instrumentMemory(bytes, module, grown, edits);
    const code = module.sections.get(CODE_SECTION);
    if (growth > 0 && code !== undefined) growth += recordCodeChanges(bytes, module.span, code.content, edits);
    for (const [id, defined] of [
      [TABLE_SECTION, module.tables],
      [MEMORY_SECTION, module.memories],
    ] as const) {
      const section = module.sections.get(id);
      if (section === undefined) continue;
      growth += resized(section.content, section.size, edits, () =>
        defined.reduce((total, entry) => total + editLimits(entry, maxima.get(entry)!, edits), 0),
      );
    }
    return growth;
  });
}

const TABLE_SECTION = 4;
const MEMORY_SECTION = 5;
const CODE_SECTION = 10;

function editLimits({ limits, limitsSpan }: CoreMemory | CoreTable, max: number, edits: Edit[]): number {
  if (limits.max !== undefined && limits.max <= max) return 0;
  return replace(edits, limitsSpan, [limits.wide ? 0x05 : 0x01, ...leb128(limits.min), ...leb128(max)]);
}
