import { PluginError } from '../errors.ts';
import type { ComponentAnalysis, ModuleUse } from './analyze.ts';
import type { Limits } from './core-ast.ts';

/** Bytes of a page of linear memory. */
export const PAGE_BYTES = 65_536;
/** What an entry of a table is accounted at: V8 keeps a tagged pointer and a dispatch entry for it. */
export const TABLE_ENTRY_BYTES = 16;
/**
 * Entries of all tables of one instance of a component. A huge table under a small heap limit aborts the whole process
 * (nodejs/node#47224), so tables have a bound that no policy raises.
 */
export const MAX_TABLE_ENTRIES = 131_072;
/** How far a table may grow beyond its minimum, if the bound on all of them leaves it that much. */
const MAX_TABLE_GROWTH = 8_192;

/** References of exceptions, as an element of a table. */
const EXCEPTIONS = /\bexn/;

/** The most that a memory may grow to: 4 GiB, also behind 64-bit addresses. */
export const MAX_PAGES = 65_536;

/** What the memories and tables of one module may grow to, in the order of their definitions. */
interface ModuleCaps {
  readonly use: ModuleUse;
  /** The maximum of each memory, in pages of 64 KiB. */
  readonly memories: readonly number[];
  /** The maximum of each table, in entries. */
  readonly tables: readonly number[];
}

/** How the budget of one instance of a component is shared out. */
export interface Caps {
  /** The modules that are instantiated; others keep the limits that they have. */
  readonly modules: readonly ModuleCaps[];
  /** The most that all memories and tables of one instance can take. */
  readonly maxBytes: number;
}

/**
 * Shares `maxMemoryBytes` out over the memories and tables of all core instances: each gets its minimum, tables a modest
 * share to grow by, and memories equal shares of what is left. What a memory cannot use, because it declares a smaller
 * maximum or no code could grow it, goes to the others. The sum can never exceed the budget.
 *
 * @throws {PluginError} `ERR_MEMORY_LIMIT` where the minima alone exceed the budget; `ERR_INVALID_COMPONENT` for what
 * cannot be accounted: shared memories, custom page sizes, garbage-collected types, tables of exceptions, imported modules, more tables
 * than {@link MAX_TABLE_ENTRIES} allows.
 */
export function planCaps(analysis: ComponentAnalysis, maxMemoryBytes: number): Caps {
  assertAccountable(analysis);
  const used = analysis.modules.filter((use) => use.instances > 0);
  const memories = used.flatMap(({ instances, memories }) =>
    memories.map((memory) =>
      growing(instances, memory.limits, analysis.growable.has(memory) ? MAX_PAGES : memory.limits.min),
    ),
  );
  const tables = used.flatMap(({ instances, tables }) =>
    tables.map(({ limits }) => growing(instances, limits, limits.min + MAX_TABLE_GROWTH)),
  );
  const minPages = total(memories, ({ limits }) => limits.min);
  const minEntries = total(tables, ({ limits }) => limits.min);
  assertMinima(minPages, minEntries, maxMemoryBytes);

  // Tables grow by a quarter of what is left at most, so that memories keep the bulk of it.
  const left = maxMemoryBytes - minPages * PAGE_BYTES - minEntries * TABLE_ENTRY_BYTES;
  const entriesLeft = Math.min(MAX_TABLE_ENTRIES - minEntries, Math.floor(left / 4 / TABLE_ENTRY_BYTES));
  const tableMax = maxima(tables, entriesLeft);
  const tableBytes = total(tables, ({ limits }) => tableMax.get(limits)!) * TABLE_ENTRY_BYTES;

  const pagesLeft = Math.floor((maxMemoryBytes - tableBytes) / PAGE_BYTES) - minPages;
  const memoryMax = maxima(memories, pagesLeft);
  return {
    modules: used.map((use) => ({
      use,
      memories: use.memories.map(({ limits }) => memoryMax.get(limits)!),
      tables: use.tables.map(({ limits }) => tableMax.get(limits)!),
    })),
    maxBytes: tableBytes + total(memories, ({ limits }) => memoryMax.get(limits)!) * PAGE_BYTES,
  };
}

/**
 * Refuses a component whose memory cannot be bounded, whatever its budget.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT`; see {@link planCaps}.
 */
export function assertAccountable({ order, modules }: Pick<ComponentAnalysis, 'order' | 'modules'>): void {
  if (order.includes(-1)) throw unaccountable('it instantiates a core module that it imports');
  for (const use of modules) assertModuleAccountable(use);
}

function assertModuleAccountable({ module, memories, tables, instances }: ModuleUse): void {
  if (module.gc) throw unaccountable('it declares struct or array types, whose values live outside of its memory');
  const all = [...memories, ...tables].map(({ limits }) => limits);
  if (all.some(({ shared }) => shared)) throw unaccountable('it has a shared memory or table');
  if (tables.some(({ element }) => EXCEPTIONS.test(element))) {
    throw unaccountable('it has a table of exceptions, whose values live outside of its memory');
  }
  if (all.some(({ pageSizeLog2 }) => pageSizeLog2 !== undefined)) {
    throw unaccountable('it has a memory with a page size of its own');
  }
  if (all.some(({ min, max }) => max !== undefined && max < min)) {
    throw unaccountable('it has a memory or table whose maximum is below its minimum');
  }
  if (instances > 0 && memories.some(({ limits }) => limits.min > MAX_PAGES)) {
    throw unaccountable(`it has a memory that begins with more than ${MAX_PAGES} pages`);
  }
}

function assertMinima(pages: number, entries: number, maxMemoryBytes: number): void {
  const bytes = pages * PAGE_BYTES + entries * TABLE_ENTRY_BYTES;
  if (bytes > maxMemoryBytes) {
    throw new PluginError(
      'ERR_MEMORY_LIMIT',
      `The component begins with ${pages} pages of memory and ${entries} table entries, ${bytes} bytes; ` +
        `the limit maxMemoryBytes is ${maxMemoryBytes}`,
      {
        hint: `Raise maxMemoryBytes to ${bytes} at least, or build the plugin with a smaller stack and heap.`,
        limit: { name: 'maxMemoryBytes', value: maxMemoryBytes },
      },
    );
  }
  if (entries > MAX_TABLE_ENTRIES) {
    throw unaccountable(`its tables begin with ${entries} entries; ${MAX_TABLE_ENTRIES} are the most`);
  }
}

/** A memory or a table, how many there are of it, and how far it could grow. */
interface Growing {
  readonly count: number;
  readonly limits: Limits;
  readonly growth: number;
}

function growing(count: number, limits: Limits, most: number): Growing {
  return { count, limits, growth: Math.min(limits.max ?? most, most) - limits.min };
}

function total(list: readonly Growing[], of: (entry: Growing) => number): number {
  return list.reduce((sum, entry) => sum + entry.count * of(entry), 0);
}

/** Shares an amount out equally; what one cannot use is shared by the rest. Whole numbers, never more than the amount. */
function maxima(list: readonly Growing[], amount: number): Map<Limits, number> {
  const max = new Map<Limits, number>();
  let left = amount;
  let count = total(list, () => 1);
  // The least growing first: each then knows what is left for those that grow more.
  for (const entry of [...list].sort((a, b) => a.growth - b.growth)) {
    const share = Math.min(entry.growth, Math.floor(left / count));
    max.set(entry.limits, entry.limits.min + share);
    left -= share * entry.count;
    count -= entry.count;
  }
  return max;
}

function unaccountable(what: string): PluginError {
  return new PluginError('ERR_INVALID_COMPONENT', `The memory of the component cannot be accounted for: ${what}`, {
    hint: 'Build it without threads, garbage collection and custom page sizes.',
  });
}
