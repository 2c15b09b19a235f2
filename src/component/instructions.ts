import { heapType, valueType } from './core-types.ts';
import { hex, type Reader, type Span } from './reader.ts';

/*
 * Where each instruction ends, after "Binary Format / Instructions" of the WebAssembly specification 3.0, with the
 * exceptions that came before it. Nothing is validated: of code that is not valid it says where the instructions
 * would end, or that it does not know.
 */

/** A `memory.grow` or `table.grow`. */
export interface Grow {
  readonly kind: 'memory' | 'table';
  /** The index of the memory or table. */
  readonly index: number;
  readonly span: Span;
}

/**
 * The immediates of an instruction, a letter each:
 *
 * - `i` an index, or another integer of up to 32 bits; `l` one of up to 64
 * - `v` a vector of indices
 * - `b` a block type; `h` a heap type; `t` a vector of value types
 * - `m` the offset and alignment of an access to memory
 * - `c` a vector of `catch` clauses
 * - `1`, `4`, `8` as many bytes; `x` 16 of them
 */
type Immediates = string;

/** Single opcodes, and ranges of them from the first to the last. */
type Opcodes = readonly (number | readonly [first: number, last: number])[];

/** Turns a table of what opcodes share around: what each has, by opcode. */
export function byOpcode(table: Readonly<Record<string, Opcodes>>): readonly (string | undefined)[] {
  const list: (string | undefined)[] = [];
  for (const [shared, opcodes] of Object.entries(table)) {
    for (const entry of opcodes) {
      const [first, last] = typeof entry === 'number' ? [entry, entry] : entry;
      for (let opcode = first; opcode <= last; opcode++) list[opcode] = shared;
    }
  }
  return list;
}

/** Opcodes from here on may be prefixes. */
const FIRST_PREFIX = 0xfb;
const MEMORY_GROW = 0x40;
const MISCELLANEOUS = 0xfc;
const TABLE_GROW = 15;

const PLAIN = byOpcode({
  // unreachable, nop; else, throw_ref, end; return; catch_all; drop, select; numbers; ref.is_null, .eq, .as_non_null
  '': [[0x00, 0x01], 0x05, [0x0a, 0x0b], 0x0f, 0x19, [0x1a, 0x1b], [0x45, 0xc4], 0xd1, [0xd3, 0xd4]],
  // block, loop, if, try
  b: [[0x02, 0x04], 0x06],
  // catch, throw, rethrow; br, br_if; call, return_call, call_ref, return_call_ref; delegate; local.get to table.set;
  // memory.size, memory.grow, i32.const; ref.func; br_on_null, br_on_non_null
  i: [[0x07, 0x09], [0x0c, 0x0d], 0x10, 0x12, [0x14, 0x15], 0x18, [0x20, 0x26], [0x3f, 0x41], 0xd2, [0xd5, 0xd6]],
  // call_indirect, return_call_indirect
  ii: [0x11, 0x13],
  // br_table
  vi: [0x0e],
  // select with types
  t: [0x1c],
  // try_table
  bc: [0x1f],
  // Loads and stores
  m: [[0x28, 0x3e]],
  // i64.const, f32.const, f64.const
  l: [0x42],
  4: [0x43],
  8: [0x44],
  // ref.null
  h: [0xd0],
});

/** What follows a prefix, by an opcode of its own. */
const PREFIXED: ReadonlyMap<number, readonly (Immediates | undefined)[]> = new Map([
  // Garbage collection
  [
    0xfb,
    byOpcode({
      // array.len; any.convert_extern, extern.convert_any, ref.i31, i31.get
      '': [15, [26, 30]],
      // struct.new; array.new, .get, .set, .fill
      i: [[0, 1], [6, 7], [11, 14], 16],
      // struct.get, .set; array.new_fixed, .new_data, .new_elem, .copy, .init_data, .init_elem
      ii: [
        [2, 5],
        [8, 10],
        [17, 19],
      ],
      // ref.test, ref.cast
      h: [[20, 23]],
      // br_on_cast, br_on_cast_fail
      '1ihh': [[24, 25]],
    }),
  ],
  [
    MISCELLANEOUS,
    byOpcode({
      // Conversions that saturate
      '': [[0, 7]],
      // data.drop, memory.fill, elem.drop, table.grow, .size, .fill
      i: [9, 11, 13, [TABLE_GROW, 17]],
      // memory.init, memory.copy, table.init, table.copy
      ii: [8, 10, 12, 14],
    }),
  ],
  // Vectors; the relaxed ones from 0x100 on
  [
    0xfd,
    byOpcode({
      '': [
        ...([[14, 20], [35, 83], [94, 153], [155, 161], [163, 164], [167, 174], 177, [181, 186], [188, 193]] as const),
        ...([[195, 196], [199, 206], 209, [213, 225], [227, 237], [239, 255], [0x100, 0x113]] as const),
      ],
      // Loads and stores; of a part of a vector, the rest of which is zero
      m: [
        [0, 11],
        [92, 93],
      ],
      // v128.const, i8x16.shuffle
      x: [[12, 13]],
      // Lanes: extract, replace; load, store
      1: [[21, 34]],
      m1: [[84, 91]],
    }),
  ],
  // Atomics
  [
    0xfe,
    byOpcode({
      // atomic.fence
      1: [3],
      m: [
        [0, 2],
        [0x10, 0x4e],
      ],
    }),
  ],
]);

/**
 * Is told of each instruction, before its immediates are read. One that reads all of them returns true.
 *
 * @param opcode The one behind the prefix, for those that have one; else the same as `first`.
 */
export type Visit = (first: number, opcode: number, start: number) => boolean;

/**
 * Walks over the instructions of a function.
 *
 * @param reader Reads the code behind the locals, up to the last byte of the body.
 * @throws {PluginError} `ERR_INVALID_COMPONENT` at an instruction that is not known or not whole.
 */
export function walkInstructions(reader: Reader, visit: Visit): void {
  while (!reader.done) {
    const start = reader.position;
    const first = reader.u8();
    const prefixed = first < FIRST_PREFIX ? undefined : PREFIXED.get(first);
    const opcode = prefixed === undefined ? first : reader.u32();
    const immediates = (prefixed ?? PLAIN)[opcode];
    if (immediates === undefined) throw unknown(reader, first, prefixed && opcode, start);
    if (!visit(first, opcode, start)) for (const letter of immediates) skip(reader, letter);
  }
}

/** The locals that a function declares, and how many of them are references. */
export interface Locals {
  readonly count: number;
  readonly references: number;
}

/** Reads the locals of a function, which come before its code. */
export function readLocals(reader: Reader): Locals {
  let count = 0;
  let references = 0;
  reader.vec('locals', () => {
    const more = reader.u32();
    count += more;
    if (valueType(reader).endsWith('ref')) references += more;
  });
  return { count, references };
}

/**
 * Walks over the body of a function and finds what grows memories and tables in it.
 *
 * @param reader Reads the body: its locals, and its code up to the last byte.
 * @throws {PluginError} `ERR_INVALID_COMPONENT` at an instruction that is not known or not whole.
 */
export function findGrows(reader: Reader): readonly Grow[] {
  readLocals(reader);
  const grows: Grow[] = [];
  walkInstructions(reader, (first, opcode, start) => {
    const kind = growing(first, opcode);
    if (kind === undefined) return false;
    grows.push({ kind, index: reader.u32(), span: { start, end: reader.position } });
    return true;
  });
  return grows;
}

function growing(first: number, opcode: number): Grow['kind'] | undefined {
  if (first === MEMORY_GROW) return 'memory';
  return first === MISCELLANEOUS && opcode === TABLE_GROW ? 'table' : undefined;
}

function skip(reader: Reader, letter: string): void {
  switch (letter) {
    case 'i':
      reader.skipInteger(32);
      return;
    case 'l':
      reader.skipInteger(64);
      return;
    case 'v':
      reader.vec('labels', () => reader.u32());
      return;
    case 'b':
      blockType(reader);
      return;
    case 'h':
      heapType(reader);
      return;
    case 't':
      reader.vec('types', () => valueType(reader));
      return;
    case 'm':
      memoryAccess(reader);
      return;
    case 'c':
      readHandlers(reader);
      return;
    case 'x':
      reader.take(16, 'an immediate');
      return;
    default:
      reader.take(Number(letter), 'an immediate');
  }
}

/** What a block gives, or the index of its type. Such an index is positive where types have their negative opcodes: bit 6 of the first byte is the sign. */
export function blockType(reader: Reader): 'none' | 'one' | number {
  const byte = reader.peek();
  if (byte === EMPTY_BLOCK) {
    reader.u8();
    return 'none';
  }
  if (byte < 0x40 || byte >= 0x80) return reader.typeIndex();
  valueType(reader);
  return 'one';
}

const EMPTY_BLOCK = 0x40;

/** Alignment and flags, the index of the memory if a flag says so, the offset. */
function memoryAccess(reader: Reader): void {
  const at = reader.position;
  const flags = reader.u32();
  if (flags >= 2 * MEMORY_INDEX || (flags & UNUSED_FLAG) !== 0) throw reader.fail(`unknown flags ${hex(flags)}`, at);
  if ((flags & MEMORY_INDEX) !== 0) reader.u32();
  reader.skipInteger(64);
}

const MEMORY_INDEX = 0x40;
/** Above any alignment. Shared-everything threads have it announce the ordering of an atomic access. */
const UNUSED_FLAG = 0x20;

/** Reads the handlers of a `try_table`; returns their labels. */
export function readHandlers(reader: Reader): readonly number[] {
  return reader.vec('handlers', () => handler(reader));
}

function handler(reader: Reader): number {
  const at = reader.position;
  const kind = reader.u8();
  if (kind > 3) throw reader.fail(`${hex(kind)} is no kind of handler`, at);
  // `catch` and `catch_ref` name a tag.
  if (kind < 2) reader.u32();
  return reader.u32();
}

function unknown(reader: Reader, first: number, second: number | undefined, at: number): Error {
  return reader.fail(`unknown instruction ${hex(first)}${second === undefined ? '' : ` ${second}`}`, at);
}
