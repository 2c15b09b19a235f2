import { leb128 } from '../../../src/component/edits.ts';
import { section } from './compiler-bombs.ts';

/*
 * Core modules of a few megabytes that V8 takes seconds and minutes to validate, before it runs any of them. Each has the
 * same function many times.
 */

type Bytes = readonly number[];

const I32 = 0x7f;
const EMPTY = 0x40;
const UNREACHABLE = 0x00;
const END = 0x0b;
/** Type 0 gives this many values and takes none; type 1 takes as many, too. */
const VALUES = 1_000;

function repeat(count: number, code: Bytes): number[] {
  return Array.from({ length: count }, () => code).flat();
}

/** A function of type 0, so many times, behind an `unreachable`: the values that it takes need not be there. */
function copies(count: number, locals: number, code: Bytes): Uint8Array<ArrayBuffer> {
  const values = [...leb128(VALUES), ...repeat(VALUES, [I32])];
  const declared = locals === 0 ? [0] : [1, ...leb128(locals), I32];
  const body = [...declared, UNREACHABLE, ...code, UNREACHABLE, END];
  const one = Buffer.from([...leb128(body.length), ...body]);
  const bodies = Buffer.concat([Buffer.from(leb128(count)), ...Array.from({ length: count }, () => one)]);
  return new Uint8Array(
    Buffer.concat([
      Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00),
      Uint8Array.from(section(1, [2, 0x60, 0, ...values, 0x60, ...values, ...values])),
      Uint8Array.from(section(3, [...leb128(count), ...repeat(count, [0])])),
      Uint8Array.from([10, ...leb128(bodies.length)]),
      bodies,
    ]),
  );
}

/** Functions with as many locals, in 12 bytes each: V8 makes room for them in each. */
export function manyLocals(functions: number, locals: number): Uint8Array<ArrayBuffer> {
  return copies(functions, locals, []);
}

/** Blocks that take and give 1,000 values, in 3 bytes each. */
export function valuesInBlocks(functions: number, blocks: number): Uint8Array<ArrayBuffer> {
  return copies(functions, 0, repeat(blocks, [0x02, 1, END]));
}

/** Branches that take 1,000 values along, in 2 bytes each. */
export function valuesInBranches(functions: number, branches: number): Uint8Array<ArrayBuffer> {
  return copies(functions, 0, repeat(branches, [0x0d, 0]));
}

/** Tables of branches within many blocks, in 3 bytes each: V8 notes for each block whether a table leads there. */
export function tablesInBlocks(functions: number, blocks: number, tables: number): Uint8Array<ArrayBuffer> {
  return copies(functions, 0, within(blocks, repeat(tables, [0x0e, 0, 0])));
}

/** The same of blocks that leave their exceptions to one further out, in 4 bytes each: V8 looks for it. */
export function delegatesInBlocks(functions: number, blocks: number, delegates: number): Uint8Array<ArrayBuffer> {
  return copies(functions, 0, within(blocks, repeat(delegates, [0x06, EMPTY, 0x18, 0])));
}

function within(blocks: number, code: Bytes): Bytes {
  return [...repeat(blocks, [0x02, EMPTY]), ...code, ...repeat(blocks, [END])];
}
