import type { CoreModule } from './core-ast.ts';
import { parseCoreModule } from './core-module.ts';
import { leb128 } from './edits.ts';
import { SECTION, sectionReader } from './section-edits.ts';

/** The custom section in which a core module says where its functions are, for whoever has it compiled only. */
export const CODE_INDEX_SECTION = 'wasm-plugin-pool.code-index';

/** Where the functions of a core module are. */
export interface CodeIndex {
  /** Functions before the first one that has code. */
  readonly imported: number;
  /** Where the contents of the code section begin. */
  readonly start: number;
  /** Where the code of each function begins; ascending, with the end of the last one at the end. */
  readonly functions: Uint32Array;
}

/** A core module with the index of its code at the end, if it has lines that the index is needed for. */
export function withCodeIndex(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('.debug_line')) return bytes;
  const module = parseCoreModule(bytes, { start: 0, end: bytes.length }, { start: 0, end: 0 });
  const content = module.sections.get(SECTION.code)?.content;
  if (content === undefined) return bytes;
  const imported = module.imports.filter(({ type }) => type.kind === 'func').length;
  const starts = functionStarts(bytes, module);
  const index = new Uint32Array(starts.length + 3);
  index.set([imported, content.start]);
  index.set(starts, 2);
  index.set([content.end], starts.length + 2);
  const name = Buffer.from(CODE_INDEX_SECTION);
  const payload = Buffer.from(index.buffer);
  const length = leb128(1 + name.length + payload.length);
  return new Uint8Array(Buffer.concat([bytes, Uint8Array.of(0, ...length, name.length), name, payload]));
}

function functionStarts(bytes: Uint8Array, module: CoreModule): number[] {
  const code = sectionReader(bytes, module, SECTION.code);
  return code.vec('functions', () => {
    const start = code.position;
    code.take(code.u32(), 'a function');
    return start;
  });
}

/** Reads what {@link withCodeIndex} wrote. */
export function readCodeIndex(section: ArrayBuffer): CodeIndex | undefined {
  if (section.byteLength % 4 !== 0 || section.byteLength < 12) return undefined;
  const [imported = 0, start = 0] = new Uint32Array(section, 0, 2);
  return { imported, start, functions: new Uint32Array(section, 8) };
}
