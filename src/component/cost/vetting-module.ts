import type { CoreModule } from '../core-ast.ts';
import { leb128 } from '../edits.ts';
import type { Span } from '../reader.ts';
import { SECTION, sectionReader } from '../section-edits.ts';

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** A function without locals that traps, with its length: right for every type. */
const STUB = [0x03, 0x00, 0x00, 0x0b];
/** A segment of data that is empty and passive. */
const NO_DATA = [0x01, 0x00];

/**
 * A core module as it is for the compilers of some of its functions: types, imports and definitions are the same, all
 * other functions trap, and segments are empty.
 */
export function vettingModule(
  bytes: Uint8Array,
  module: CoreModule,
  functions: readonly Span[],
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [Uint8Array.from(PREAMBLE)];
  for (const [id, { content }] of module.sections) {
    const part =
      id === SECTION.code
        ? codeOf(bytes, module, functions)
        : id === SECTION.data
          ? dataOf(bytes, module)
          : bytes.subarray(content.start, content.end);
    parts.push(Uint8Array.from([id, ...leb128(part.length)]), part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

function codeOf(bytes: Uint8Array, module: CoreModule, functions: readonly Span[]): Uint8Array {
  const kept = new Set(functions.map(({ start }) => start));
  const code = sectionReader(bytes, module, SECTION.code);
  const count = code.u32();
  const parts: Uint8Array[] = [Uint8Array.from(leb128(count))];
  const stub = Uint8Array.from(STUB);
  for (let place = 0; place < count; place++) {
    const begin = code.position;
    const body = code.take(code.u32(), 'a function');
    parts.push(kept.has(body.start) ? bytes.subarray(begin, body.end) : stub);
  }
  return Buffer.concat(parts);
}

function dataOf(bytes: Uint8Array, module: CoreModule): Uint8Array {
  const count = sectionReader(bytes, module, SECTION.data).u32();
  return Buffer.concat([
    Uint8Array.from(leb128(count)),
    Buffer.alloc(count * NO_DATA.length, Uint8Array.from(NO_DATA)),
  ]);
}
