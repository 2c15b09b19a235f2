import type { CoreModule } from '../component/core-ast.ts';
import { type Edit, replace, resized } from '../component/edits.ts';
import { Reader } from '../component/reader.ts';
import { SECTION } from '../component/section-edits.ts';
import { PluginError } from '../errors.ts';

/** Code that is put in front of an instruction, or in the place of something. */
export interface Insertion {
  /** Where that begins in the file. */
  readonly at: number;
  /** Where what it takes the place of ends. @default it takes the place of nothing */
  readonly until?: number;
  readonly code: readonly number[];
}

/**
 * Puts code into the functions of a core module. A function in which there is an instruction that is not known stays as
 * it is: a guess about where the next one begins would change what it does.
 *
 * @param insertionsOf Reads one function, its locals first. What comes in one place stays in its order.
 * @returns By how many bytes the module grows.
 */
export function insertIntoBodies(
  bytes: Uint8Array,
  module: CoreModule,
  edits: Edit[],
  insertionsOf: (body: Reader) => readonly Insertion[],
): number {
  const section = module.sections.get(SECTION.code);
  if (section === undefined) return 0;
  return resized(section.content, section.size, edits, () => {
    const code = new Reader(bytes, section.content);
    const growths = code.vec('functions', () => {
      const start = code.position;
      const length = code.u32();
      const size = { start, end: code.position };
      const content = code.take(length, 'a function');
      const insertions = known(insertionsOf, new Reader(bytes, content));
      return resized(content, size, edits, () =>
        insertions.reduce(
          (growth, { at, until = at, code: put }) => growth + replace(edits, { start: at, end: until }, put),
          0,
        ),
      );
    });
    return growths.reduce((total, growth) => total + growth, 0);
  });
}

function known(insertionsOf: (body: Reader) => readonly Insertion[], body: Reader): readonly Insertion[] {
  try {
    return insertionsOf(body);
  } catch (error) {
    if (error instanceof PluginError) return [];
    throw error;
  }
}
