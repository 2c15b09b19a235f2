import { leb128 } from '../../../src/component/edits.ts';
import { unitV4 } from '../../dwarf/assembler.ts';

/*
 * Core modules of a few kilobytes that V8's compilers make gigabytes or minutes of. They are made as bytes: as text they
 * would be larger than what they do.
 */

type Bytes = readonly number[];

export function section(id: number, content: Bytes): number[] {
  return joined([[id], leb128(content.length), content]);
}

/** Spreading megabytes into a call would overflow the stack. */
function joined(parts: readonly Bytes[]): number[] {
  return parts.flat();
}

function repeat(count: number, code: (index: number) => Bytes): number[] {
  return joined(Array.from({ length: count }, (_, index) => code(index)));
}

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const I32 = 0x7f;
const I64 = 0x7e;
const EMPTY = 0x40;

/** A module of one function without parameters, which runs when the module starts. */
function startModule(locals: number, code: Bytes): Uint8Array<ArrayBuffer> {
  const body = joined([[1], leb128(locals), [I32], code, [0x0b]]);
  return Uint8Array.from(
    joined([
      PREAMBLE,
      section(1, [1, 0x60, 0, 0]),
      section(3, [1, 0]),
      section(6, [1, I32, 1, 0x41, 0, 0x0b]),
      section(7, [1, 1, 0x66, 0, 0]),
      section(8, [0]),
      section(10, joined([[1], leb128(body.length), body])),
    ]),
  );
}

const get = (local: number): number[] => [0x20, ...leb128(local)];
const set = (local: number): number[] => [0x21, ...leb128(local)];
/** A positive number as the signed LEB128 of a constant. */
const signed = (value: number): number[] => {
  const bytes = leb128(value);
  const last = bytes.pop()!;
  return last < 0x40 ? [...bytes, last] : [...bytes, last | 0x80, 0];
};
/** Branches on what no compiler can know: whether the global is this number. */
const branchIf = (depth: number, number: number): number[] => [
  0x23,
  0,
  0x41,
  ...signed(number),
  0x46,
  0x0d,
  ...leb128(depth),
];

/** Writes to a local what no other local has, so that no compiler may take two of them for one. */
function different(local: number): number[] {
  return [...get(local), 0x23, 0, 0x6a, 0x41, ...signed(local), 0x73, ...set(local)];
}

/** Uses every local, so that no compiler may leave out how it came about. */
function useAll(locals: number): number[] {
  return repeat(locals, (local) => [...get(local), ...get(0), 0x6a, 0x24, 0]);
}

/** `(block (br_if 0 …))`, so many times: Liftoff keeps the state of all locals for each block. */
export function manyBlocks(locals: number, blocks: number): Uint8Array<ArrayBuffer> {
  return startModule(
    locals,
    repeat(blocks, (index) => [0x02, EMPTY, ...branchIf(0, index), 0x0b]),
  );
}

/** Branches to one block: all locals are merged for each of them. */
export function manyBranches(locals: number, branches: number): Uint8Array<ArrayBuffer> {
  return startModule(locals, joined([[0x02, EMPTY], repeat(branches, (index) => branchIf(0, index)), [0x0b]]));
}

/** Blocks that nest, a branch out of each, and then all locals written: a phi for each local at the end of each block. */
export function phiCascade(locals: number, blocks: number): Uint8Array<ArrayBuffer> {
  return startModule(
    locals,
    joined([
      repeat(blocks, () => [0x02, EMPTY]),
      repeat(blocks, (index) => branchIf(index, index)),
      repeat(locals, (local) => different(local)),
      repeat(blocks, () => [0x0b]),
      useAll(locals),
    ]),
  );
}

/** Loops that nest, with all locals written in the innermost: a phi for each local in each loop. */
export function nestedLoops(locals: number, loops: number): Uint8Array<ArrayBuffer> {
  return startModule(
    locals,
    joined([
      repeat(loops, () => [0x03, EMPTY]),
      repeat(locals, (local) => different(local)),
      repeat(loops, (index) => [...branchIf(0, index), 0x0b]),
      useAll(locals),
    ]),
  );
}

export function emptyModule(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(PREAMBLE);
}

/** A memory without a page, for which V8 reserves as many addresses as for any other. */
export function emptyMemory(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...PREAMBLE, ...section(5, [1, 0, 0])]);
}

/** Types of functions that are all different: V8 never forgets one. The number of each is written in two kinds of parameters. */
export function distinctTypes(types: number, first = 0): Uint8Array<ArrayBuffer> {
  const BITS = 22;
  const one = (index: number): number[] => [
    0x60,
    BITS,
    ...Array.from({ length: BITS }, (_, bit) => ((first + index) & (1 << bit) ? I32 : I64)),
    0,
  ];
  return Uint8Array.from(joined([PREAMBLE, section(1, joined([leb128(types), repeat(types, one)]))]));
}

/** Blocks within each other. */
export function nestedBlocks(blocks: number): Uint8Array<ArrayBuffer> {
  return startModule(0, joined([repeat(blocks, () => [0x02, EMPTY]), repeat(blocks, () => [0x0b])]));
}

/** Tables of branches that all lead to the same place. */
export function branchTables(tables: number, entries: number): Uint8Array<ArrayBuffer> {
  const table = joined([[0x02, EMPTY, ...get(0), 0x0e], leb128(entries - 1), repeat(entries, () => [0]), [0x0b]]);
  return startModule(
    1,
    repeat(tables, () => table),
  );
}

/** Calls that give 1,000 values each, which stay on the stack, and branches above them. */
export function calls(count: number, branches: number): Uint8Array<ArrayBuffer> {
  const results = joined([leb128(1_000), repeat(1_000, () => [I32])]);
  const trap = [0, 0x00, 0x0b];
  const code = joined([repeat(count, () => [0x10, 1]), repeat(branches, (index) => branchIf(0, index)), [0x00, 0x0b]]);
  return Uint8Array.from(
    joined([
      PREAMBLE,
      section(1, joined([[2, 0x60, 0, 0, 0x60, 0], results])),
      section(3, [2, 0, 1]),
      section(6, [1, I32, 1, 0x41, 0, 0x0b]),
      section(10, joined([[2], leb128(code.length + 1), [0], code, leb128(trap.length), trap])),
    ]),
  );
}

export function tables(count: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(joined([PREAMBLE, section(4, joined([leb128(count), repeat(count, () => [0x70, 0, 0])]))]));
}

/** Globals of 16 bytes, which each instance has for itself. */
export function globals(count: number): Uint8Array<ArrayBuffer> {
  const v128 = [0x7b, 0x01, 0xfd, 0x0c, ...new Array<number>(16).fill(0), 0x0b];
  return Uint8Array.from(joined([PREAMBLE, section(6, joined([leb128(count), repeat(count, () => v128)]))]));
}

/** Locals that are references, and calls while they are in use: where each is at each call is what V8 notes. */
export function referencesAtCalls(references: number, count: number): Uint8Array<ArrayBuffer> {
  const FUNCREF = 0x70;
  const DROP = 0x1a;
  const caller = joined([
    [1],
    leb128(references),
    [FUNCREF],
    repeat(count, () => [0x10, 0]),
    repeat(references, (local) => [...get(local), DROP]),
    [0x0b],
  ]);
  return Uint8Array.from(
    joined([
      PREAMBLE,
      section(1, [1, 0x60, 0, 0]),
      section(3, [2, 0, 0]),
      section(8, [1]),
      section(10, joined([[2, 2, 0, 0x0b], leb128(caller.length), caller])),
    ]),
  );
}

/** Functions that do nothing, and an export of each. */
export function exportedFunctions(count: number): Uint8Array<ArrayBuffer> {
  const name = (index: number): Bytes => [...`${index}`].map((digit) => digit.charCodeAt(0));
  const one = (index: number): Bytes => [name(index).length, ...name(index), 0, ...leb128(index)];
  return Uint8Array.from(
    joined([
      PREAMBLE,
      section(1, [1, 0x60, 0, 0]),
      section(3, joined([leb128(count), repeat(count, () => [0])])),
      section(7, joined([leb128(count), repeat(count, one)])),
      section(10, joined([leb128(count), repeat(count, () => [2, 0, 0x0b])])),
    ]),
  );
}

/** A module whose line table has so many rows, each a byte of it. */
export function manyLines(rows: number): Uint8Array<ArrayBuffer> {
  const ROW = 0x20;
  const sequence = Buffer.alloc(rows, ROW);
  const unit = Buffer.from(unitV4('', [['a.c', 0]], [0, 5, 2, 1, 0, 0, 0, ...sequence, 0, 1, 1]));
  const name = '.debug_line';
  const custom = Buffer.concat([Uint8Array.of(name.length), Buffer.from(name), unit]);
  const code = [section(1, [1, 0x60, 0, 0]), section(3, [1, 0]), section(10, [1, 2, 0, 0x0b])];
  const parts = [PREAMBLE, ...code, [0, ...leb128(custom.length)]].map((part) => Uint8Array.from(part));
  return new Uint8Array(Buffer.concat([...parts, custom]));
}
