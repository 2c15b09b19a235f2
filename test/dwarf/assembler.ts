import { leb128 } from '../../src/component/edits.ts';

/** A row of a line table: from this address on, the code comes from this line. */
export interface Row {
  readonly address: number;
  readonly line: number;
  readonly file?: number;
  readonly column?: number;
}

const LINE_BASE = -5;
const LINE_RANGE = 14;
const OPCODE_BASE = 13;
const OPERANDS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];

/** A line-number program for one sequence: special opcodes where they reach, standard ones where not. */
export function program(rows: readonly Row[], end: number): number[] {
  const first = rows[0]!;
  const bytes = [0, 5, 2, ...u32(first.address)];
  let at = { address: first.address, line: 1, file: 1, column: 0 };
  for (const row of rows) {
    const { file = 1, column = 0 } = row;
    if (file !== at.file) bytes.push(4, ...leb128(file));
    if (column !== at.column) bytes.push(5, ...leb128(column));
    const special = row.line - at.line - LINE_BASE + LINE_RANGE * (row.address - at.address) + OPCODE_BASE;
    const inReach = row.line - at.line >= LINE_BASE && row.line - at.line < LINE_BASE + LINE_RANGE && special <= 255;
    if (inReach) bytes.push(special);
    else bytes.push(3, ...sleb128(row.line - at.line), 2, ...leb128(row.address - at.address), 1);
    at = { address: row.address, line: row.line, file, column };
  }
  return [...bytes, 2, ...leb128(end - at.address), 0, 1, 1];
}

/** A unit of `.debug_line`, version 4: files are in no directory or in the first. */
export function unitV4(
  directory: string,
  files: readonly (readonly [name: string, directory: 0 | 1])[],
  code: readonly number[],
): number[] {
  const tables = [
    ...(directory === '' ? [0] : [...cString(directory), 0]),
    ...files.flatMap(([name, place]) => [...cString(name), place, 0, 0]),
    0,
  ];
  const header = [1, 1, 1, LINE_BASE & 0xff, LINE_RANGE, OPCODE_BASE, ...OPERANDS, ...tables];
  return sized([4, 0, ...u32(header.length), ...header, ...code]);
}

/** The same for version 5, with names in `.debug_line_str` and an MD5 for each file. */
export function unitV5(
  directories: readonly string[],
  files: readonly (readonly [name: string, directory: number])[],
  code: readonly number[],
): { line: number[]; lineStrings: number[] } {
  const lineStrings: number[] = [];
  const intern = (text: string): number[] => {
    const at = lineStrings.length;
    lineStrings.push(...cString(text));
    return u32(at);
  };
  const tables = [
    ...[1, 1, 0x1f, directories.length, ...directories.flatMap(intern)],
    ...[3, 1, 0x1f, 2, 0x0b, 5, 0x1e, files.length],
    ...files.flatMap(([name, directory]) => [...intern(name), directory, ...new Array<number>(16).fill(0xee)]),
  ];
  const header = [1, 1, 1, LINE_BASE & 0xff, LINE_RANGE, OPCODE_BASE, ...OPERANDS, ...tables];
  return { line: sized([5, 0, 4, 0, ...u32(header.length), ...header, ...code]), lineStrings };
}

/** A custom section of a core module. */
export function customSection(name: string, content: readonly number[]): number[] {
  const bytes = [...leb128(name.length), ...Buffer.from(name), ...content];
  return [0, ...leb128(bytes.length), ...bytes];
}

export function u32(value: number): number[] {
  return [...new Uint8Array(Uint32Array.of(value).buffer)];
}

function sized(unit: readonly number[]): number[] {
  return [...u32(unit.length), ...unit];
}

function cString(text: string): number[] {
  return [...Buffer.from(text), 0];
}

function sleb128(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; ; ) {
    const byte = left & 0x7f;
    left >>= 7;
    const done = (left === 0 && (byte & 0x40) === 0) || (left === -1 && (byte & 0x40) !== 0);
    bytes.push(done ? byte : byte | 0x80);
    if (done) return bytes;
  }
}
