import { type Edit, insert, leb128 } from './edits.ts';
import { Reader, type Span } from './reader.ts';

/** The custom section in which an instrumented module says how its code was changed. */
export const CODE_MAP_SECTION = 'wasm-plugin-pool.code-map';

/** A change of the code: so many bytes from an offset into the contents of the code section became so many others. */
export interface CodeChange {
  readonly start: number;
  readonly length: number;
  readonly newLength: number;
}

const DEBUG_LINES = new TextEncoder().encode('.debug_line');

/**
 * Appends to a core module the changes of its code, so that what its debug information says of the code as it was can
 * be found for the code as it is. Does nothing for a module without debug information.
 *
 * @param edits All edits so far, those within the code among them.
 * @returns By how many bytes the module grows.
 */
export function recordCodeChanges(bytes: Uint8Array, module: Span, code: Span, edits: Edit[]): number {
  const within = edits.filter(({ span }) => span.start >= code.start && span.start < code.end);
  if (within.length === 0 || !contains(bytes.subarray(module.start, module.end), DEBUG_LINES)) return 0;
  const changes = within.sort((a, b) => a.span.start - b.span.start);
  const payload = [...leb128(changes.length)];
  for (const { span, bytes: replacement } of changes) {
    payload.push(...leb128(span.start - code.start), ...leb128(span.end - span.start), ...leb128(replacement.length));
  }
  const name = new TextEncoder().encode(CODE_MAP_SECTION);
  const content = [...leb128(name.length), ...name, ...payload];
  return insert(edits, module.end, [0, ...leb128(content.length), ...content]);
}

function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(part);
}

/**
 * Reads the changes that {@link recordCodeChanges} wrote.
 *
 * @throws {PluginError} for what it did not write.
 */
export function readCodeChanges(section: Uint8Array): CodeChange[] {
  const reader = new Reader(section);
  return reader.vec('changes', () => ({ start: reader.u32(), length: reader.u32(), newLength: reader.u32() }));
}

/** Where an instruction was before the changes, as an offset into the contents of the code section. */
export function originalOffset(offset: number, changes: readonly CodeChange[]): number {
  let growth = 0;
  for (const { start, length, newLength } of changes) {
    const at = start + growth;
    if (offset < at) break;
    // Within the replacement: what it stands for begins there.
    if (offset < at + newLength) return start;
    growth += newLength - length;
  }
  return offset - growth;
}
