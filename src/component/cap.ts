import type { ComponentAnalysis } from './analyze.ts';
import type { Component } from './ast.ts';
import { planCaps } from './caps.ts';
import type { CoreModule, Limits, SectionSpan } from './core-ast.ts';
import type { Span } from './reader.ts';

/** Bytes that take the place of a span of the file. */
interface Edit {
  readonly span: Span;
  readonly bytes: Uint8Array;
}

/** The maxima that the limits of a module's memories and tables get, by the span of the limits. */
type Maxima = ReadonlyMap<CoreModule, ReadonlyMap<Span, { readonly limits: Limits; readonly max: number }>>;

/**
 * Rewrites the memory and table sections of the core modules of a component, nested ones included, so that one instance
 * of it never takes more than `maxMemoryBytes`: the maximum that a module declares is the one cap that V8 enforces.
 * Limits of imports keep what they say: an importer with a lower maximum than the definition would fail to link. All
 * other bytes stay as they are, but for the lengths of what encloses a change.
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
  const maxima = new Map(
    planCaps(analysis, maxMemoryBytes).modules.map(({ use, memories, tables }) => [
      use.module,
      new Map([
        ...use.memories.map(
          ({ limits, limitsSpan }, index) => [limitsSpan, { limits, max: memories[index]! }] as const,
        ),
        ...use.tables.map(({ limits, limitsSpan }, index) => [limitsSpan, { limits, max: tables[index]! }] as const),
      ]),
    ]),
  );
  const edits: Edit[] = [];
  editComponent(component, maxima, edits);
  return edits.length === 0 ? bytes : apply(bytes, edits);
}

/** Collects the edits within a component; returns by how many bytes it grows. */
function editComponent(component: Component, maxima: Maxima, edits: Edit[]): number {
  return resized(component.span, component.size, edits, () => {
    let growth = 0;
    for (const definition of component.definitions) {
      if (definition.kind === 'component') growth += editComponent(definition.component, maxima, edits);
      else if (definition.kind === 'core-module') growth += editModule(definition.module, maxima, edits);
    }
    return growth;
  });
}

function editModule(module: CoreModule, maxima: Maxima, edits: Edit[]): number {
  const changed = maxima.get(module);
  if (changed === undefined) return 0;
  return resized(module.span, module.size, edits, () => {
    let growth = 0;
    for (const [section, defined] of [
      [module.tableSection, module.tables],
      [module.memorySection, module.memories],
    ] as const) {
      if (section === undefined) continue;
      growth += editSection(section, edits, () =>
        defined.reduce((total, { limitsSpan }) => total + editLimits(limitsSpan, changed.get(limitsSpan)!, edits), 0),
      );
    }
    return growth;
  });
}

function editSection({ size, content }: SectionSpan, edits: Edit[], inner: () => number): number {
  return resized(content, size, edits, inner);
}

function editLimits(span: Span, { limits, max }: { limits: Limits; max: number }, edits: Edit[]): number {
  if (limits.max !== undefined && limits.max <= max) return 0;
  const bytes = Uint8Array.from([limits.wide ? 0x05 : 0x01, ...leb128(limits.min), ...leb128(max)]);
  edits.push({ span, bytes });
  return growthOf({ span, bytes });
}

/** Makes the edits within something whose length is written in front of it, and rewrites the length if need be. */
function resized(content: Span, size: Span | undefined, edits: Edit[], inner: () => number): number {
  const growth = inner();
  if (growth === 0 || size === undefined) return growth;
  const edit = { span: size, bytes: Uint8Array.from(leb128(content.end - content.start + growth)) };
  edits.push(edit);
  return growth + growthOf(edit);
}

function growthOf({ span, bytes }: Edit): number {
  return bytes.length - (span.end - span.start);
}

function leb128(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  while (left >= 0x80) {
    bytes.push((left % 0x80) | 0x80);
    left = Math.floor(left / 0x80);
  }
  return [...bytes, left];
}

function apply(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const result = new Uint8Array(edits.reduce((length, edit) => length + growthOf(edit), bytes.length));
  let from = 0;
  let to = 0;
  for (const edit of [...edits].sort((a, b) => a.span.start - b.span.start)) {
    result.set(bytes.subarray(from, edit.span.start), to);
    to += edit.span.start - from;
    result.set(edit.bytes, to);
    to += edit.bytes.length;
    from = edit.span.end;
  }
  result.set(bytes.subarray(from), to);
  return result;
}
