import type { CoreModule } from './core-ast.ts';
import { type Edit, insert, leb128, replace, resized } from './edits.ts';
import { Reader } from './reader.ts';

/** The numbers of the sections of a core module that are counted or added to. */
export const SECTION = {
  type: 1,
  import: 2,
  function: 3,
  memory: 5,
  global: 6,
  export: 7,
  element: 9,
  code: 10,
  data: 11,
  tag: 13,
} as const;

/** The order of the sections in a module; those of tags (13) and of the count of data segments (12) came later. */
const ORDER: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

const PREAMBLE_BYTES = 8;

/**
 * Appends entries to a section, which is made if it is missing, after what `inner` edits in it. In the order of the
 * sections: one that is missing goes behind what is put in at the end of the one before it.
 *
 * @returns By how many bytes the module grows.
 */
export function append(
  bytes: Uint8Array,
  module: CoreModule,
  id: number,
  entries: readonly (readonly number[])[],
  edits: Edit[],
  inner: () => number = () => 0,
): number {
  const section = module.sections.get(id);
  if (section === undefined) {
    const content = [...leb128(entries.length), ...entries.flat()];
    return insert(edits, endBefore(module, id), [id, ...leb128(content.length), ...content]);
  }
  const { size, content } = section;
  return resized(content, size, edits, () => {
    const reader = new Reader(bytes, content);
    const count = reader.u32();
    const countSpan = { start: content.start, end: reader.position };
    return (
      replace(edits, countSpan, leb128(count + entries.length)) + inner() + insert(edits, content.end, entries.flat())
    );
  });
}

/** Where a section that is missing belongs. */
function endBefore(module: CoreModule, id: number): number {
  const before = ORDER.slice(0, ORDER.indexOf(id)).findLast((other) => module.sections.has(other));
  return before === undefined ? module.span.start + PREAMBLE_BYTES : module.sections.get(before)!.content.end;
}

/** Reads a section; an empty one where there is none. */
export function sectionReader(bytes: Uint8Array, module: CoreModule, id: number): Reader {
  return new Reader(bytes, module.sections.get(id)?.content ?? { start: 0, end: 0 });
}
