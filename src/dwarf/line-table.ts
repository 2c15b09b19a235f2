import { performance } from 'node:perf_hooks';
import { Cursor, Malformed } from './cursor.ts';
import { type LineHeader, type LineSections, readFiles, readHeader } from './line-header.ts';

/** A place in a source file. */
export interface SourceLine {
  /** As the compiler wrote it: any text, of any origin. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1; 0 when it is not known. */
  readonly column: number;
}

/** A section that is larger has no lines. 4 MiB take some 40 ms to read; they are about 200,000 lines of source. */
const MAX_SECTION_BYTES = 4 * 1024 * 1024;
/** Units whose paths are kept. */
const MAX_UNITS = 8;
const ROW_WORDS = 4;
const ADDRESS = 0;
const FILE = 1;
const LINE = 2;
const COLUMN = 3;

/** Rows of ascending addresses; the last one ends the range. */
interface Sequence {
  readonly header: LineHeader;
  readonly low: number;
  readonly high: number;
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * The line-number information of a core module: which address came from which line. Addresses are those of DWARF for
 * WebAssembly, offsets into the contents of the code section (https://yurydelendik.github.io/webassembly-dwarf/).
 * Understands versions 2 to 5 of DWARF. What is malformed has no lines; nothing that is read is trusted to be small.
 */
export class LineTable {
  readonly #sections: LineSections;
  /** By address. */
  readonly #sequences: readonly Sequence[];
  readonly #rows: Uint32Array;
  readonly #files = new Map<LineHeader, readonly string[]>();

  /** @param until When reading ends, whatever is left, by `performance.now()`. */
  constructor(sections: LineSections, until: number = Number.POSITIVE_INFINITY) {
    const readable = sections.line.length <= MAX_SECTION_BYTES ? sections : { line: new Uint8Array() };
    const program = new LineProgram(readable.line, until);
    this.#sections = readable;
    this.#sequences = program.sequences.sort((a, b) => a.low - b.low);
    this.#rows = program.rows.slice(0, program.rowCount * ROW_WORDS);
  }

  /** The line that an instruction came from; undefined when the table does not say. */
  find(address: number): SourceLine | undefined {
    const place = lastAtMost(this.#sequences.length, address, (index) => this.#sequences[index]!.low);
    const sequence = this.#sequences[place];
    if (sequence === undefined || address >= sequence.high) return undefined;
    const { header, firstRow, rows } = sequence;
    const row = firstRow + lastAtMost(rows, address, (index) => this.#word(firstRow + index, ADDRESS));
    const line = this.#word(row, LINE);
    const file = this.#filesOf(header)[this.#word(row, FILE)];
    // Line 0 is code that no line of the source stands for.
    if (line === 0 || file === undefined || file === '') return undefined;
    return { file, line, column: this.#word(row, COLUMN) };
  }

  #word(row: number, word: number): number {
    return this.#rows[row * ROW_WORDS + word]!;
  }

  #filesOf(header: LineHeader): readonly string[] {
    let files = this.#files.get(header);
    if (files === undefined) {
      try {
        files = readFiles(this.#sections, header);
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
        files = [];
      }
      for (const oldest of this.#files.keys()) if (this.#files.size >= MAX_UNITS) this.#files.delete(oldest);
      this.#files.set(header, files);
    }
    return files;
  }
}

/** The last of `count` ascending numbers that is at most `value`; -1 when none is. */
function lastAtMost(count: number, value: number, at: (index: number) => number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(middle) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Runs the line-number programs of all units; see DWARF Version 5, 6.2.5 "The Line Number Program". */
class LineProgram {
  readonly sequences: Sequence[] = [];
  /** A row takes a byte of a program at least. */
  rows: Uint32Array;
  rowCount = 0;
  #firstRow = 0;
  #address = 0;
  #file = 1;
  #line = 1;
  #column = 0;

  readonly #until: number;
  #steps = 0;

  constructor(line: Uint8Array, until: number) {
    this.#until = until;
    this.rows = new Uint32Array(Math.min(line.length, FIRST_ROWS) * ROW_WORDS);
    try {
      const cursor = new Cursor(line);
      while (!cursor.done) {
        this.#watch();
        const header = readHeader(line, cursor);
        if (header !== undefined) this.#runUnit(line, header);
      }
    } catch (error) {
      // What came before stands.
      if (!(error instanceof Malformed || error instanceof TooMany)) throw error;
    }
  }

  #runUnit(line: Uint8Array, header: LineHeader): void {
    try {
      const cursor = new Cursor(line, header.program, header.end);
      this.#reset();
      while (!cursor.done) this.#step(cursor, header);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
    }
    // Rows of a sequence that does not end.
    this.rowCount = this.#firstRow;
  }

  /** A plugin chooses how much there is to read. */
  #watch(): void {
    if (++this.#steps % STEPS_BETWEEN_LOOKS === 0 && performance.now() >= this.#until)
      throw new TooMany('milliseconds');
  }

  #step(cursor: Cursor, header: LineHeader): void {
    this.#watch();
    const { lineBase, lineRange, opcodeBase, minInstructionLength, operandCounts } = header;
    const opcode = cursor.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      this.#advance(Math.floor(adjusted / lineRange) * minInstructionLength);
      this.#line += lineBase + (adjusted % lineRange);
      this.#row();
      return;
    }
    switch (opcode) {
      case 0:
        this.#extended(cursor, header);
        break;
      case 1: // copy
        this.#row();
        break;
      case 2: // advance_pc
        this.#advance(cursor.uleb() * minInstructionLength);
        break;
      case 3: // advance_line
        this.#line += cursor.sleb();
        break;
      case 4: // set_file
        this.#file = cursor.uleb();
        break;
      case 5: // set_column
        this.#column = cursor.uleb();
        break;
      case 8: // const_add_pc
        this.#advance(Math.floor((255 - opcodeBase) / lineRange) * minInstructionLength);
        break;
      case 9: // fixed_advance_pc
        this.#advance(cursor.u16());
        break;
      default:
        // negate_stmt, set_basic_block, prologue and epilogue, set_isa, and what later versions add.
        for (let operand = operandCounts[opcode - 1] ?? 0; operand > 0; operand--) cursor.uleb();
    }
  }

  #extended(cursor: Cursor, header: LineHeader): void {
    const length = cursor.uleb();
    const end = cursor.at + length;
    if (length === 0 || end > cursor.end) throw new Malformed('an extended opcode of an impossible length');
    switch (cursor.u8()) {
      case 1: // end_sequence
        this.#row();
        this.#endSequence(header);
        break;
      case 2: // set_address
        this.#address = length === 9 ? cursor.u64() : cursor.u32();
        break;
    }
    cursor.at = end;
  }

  /** Beyond 32 bits it wraps around in its row, which then does not ascend: such a sequence is dropped as a whole. */
  #advance(by: number): void {
    this.#address += by;
  }

  #row(): void {
    if (this.rowCount === MAX_ROWS) throw new TooMany('rows');
    if ((this.rowCount + 1) * ROW_WORDS > this.rows.length) this.#grow();
    const at = this.rowCount++ * ROW_WORDS;
    this.rows[at + ADDRESS] = this.#address;
    this.rows[at + FILE] = this.#file;
    this.rows[at + LINE] = Math.max(this.#line, 0);
    this.rows[at + COLUMN] = this.#column;
  }

  #grow(): void {
    const larger = new Uint32Array(this.rows.length * 2 + ROW_WORDS);
    larger.set(this.rows);
    this.rows = larger;
  }

  #endSequence(header: LineHeader): void {
    const firstRow = this.#firstRow;
    const rows = this.rowCount - firstRow;
    const address = (row: number): number => this.rows[(firstRow + row) * ROW_WORDS + ADDRESS]!;
    const low = address(0);
    const high = address(rows - 1);
    let ascends = true;
    for (let row = 1; row < rows; row++) ascends &&= address(row) >= address(row - 1);
    // Functions that the linker dropped keep their lines, at address 0 or near the end of the address space.
    if (ascends && low > 0 && high > low) {
      if (this.sequences.length === MAX_SEQUENCES) throw new TooMany('sequences');
      this.sequences.push({ header, low, high, firstRow, rows });
      this.#firstRow = this.rowCount;
    } else this.rowCount = firstRow;
    this.#reset();
  }

  #reset(): void {
    this.#firstRow = this.rowCount;
    this.#address = 0;
    this.#file = 1;
    this.#line = 1;
    this.#column = 0;
  }
}

/** The memory that a table may take: it stays for as long as its plugin is loaded. */
class TooMany extends Error {
  override readonly name: string = 'TooMany';
}

const MAX_ROWS = 1_000_000;
const STEPS_BETWEEN_LOOKS = 256;
const MAX_SEQUENCES = 100_000;
const FIRST_ROWS = 4096;
