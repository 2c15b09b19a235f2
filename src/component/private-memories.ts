import type { CoreModule } from './core-ast.ts';
import { leb128 } from './edits.ts';

/** Followed by the index of a memory. It has a colon and spaces, so that no export of a plugin can have it. */
const PREFIX = 'wasm-plugin-pool: memory ';

/**
 * Entries of an export section for the memories that a core module defines and exports to nobody. V8 shows the host what
 * is exported only, and a memory that is not seen cannot be booked.
 */
export function privateMemories({ imports, memories, exports }: CoreModule): number[][] {
  const before = imports.filter(({ type }) => type.kind === 'memory').length;
  const exported = new Set(exports.filter(({ kind }) => kind === 'memory').map(({ index }) => index));
  return memories
    .map((_, place) => before + place)
    .filter((index) => !exported.has(index))
    .map((index) => {
      const name = new TextEncoder().encode(`${PREFIX}${index}`);
      return [...leb128(name.length), ...name, 2, ...leb128(index)];
    });
}
