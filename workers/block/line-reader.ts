import { Buffer } from 'node:buffer';
import { lineRecord } from '../../src/batch/file/line-record.ts';
import type { FileRecord } from '../../src/batch/file/record.ts';
import { NEWLINE } from '../../src/block/json-marks.ts';
import { isLeftOut } from '../../src/block/line-source.ts';
import { RecordScanner } from '../../src/block/record-scanner.ts';
import type { LineRecipe } from '../../src/block/source.ts';
import { BLOCK_INPUT_BYTES, type BlockArea } from '../../src/pool/block-area.ts';
import type { RecordBytes } from './codec.ts';
import { packOptions } from './option-texts.ts';

/**
 * Finds the records of a block on their lines. One of the usual form is found in the bytes; what is unusual is read with
 * strings, by the function that reads lines where there are no blocks.
 */
export class LineReader {
  readonly request: RecordBytes;
  /** Where the line of the record in hand begins and ends. */
  at = 0;
  end = 0;
  /** Its number among the records of the file. */
  index = 0;
  readonly #area: BlockArea;
  readonly #recipe: LineRecipe;
  readonly #scanner: RecordScanner;
  /** The options that records without any get, packed, and behind them what is made of the record in hand. */
  readonly #scratch: Buffer;
  readonly #defaultsEnd: number;
  readonly #plugin: Buffer;
  /** The record in hand where it was read with strings. */
  #record: FileRecord | undefined;
  #next = 0;
  #line = 0;

  constructor(area: BlockArea, recipe: LineRecipe) {
    this.#area = area;
    this.#recipe = recipe;
    this.#scanner = new RecordScanner(area.input);
    this.#plugin = Buffer.from(recipe.plugin);
    const defaults = packOptions(recipe.options);
    this.#scratch = Buffer.alloc(defaults.length + 2 * BLOCK_INPUT_BYTES);
    this.#scratch.set(defaults);
    this.#defaultsEnd = defaults.length;
    this.request = { bytes: area.input, inputAt: 0, inputLength: 0, optionsAt: 0, optionCount: 0 };
  }

  begin(): void {
    this.#next = 0;
    this.#line = this.#area.firstLine - 1;
    this.index = this.#area.firstIndex - 1;
  }

  /** Goes to the next record; see `BlockCodec`. */
  next(): 'run' | 'refused' | 'foreign' {
    const { input, inputLength, isUtf8: isValid } = this.#area;
    const { kind } = this.#recipe;
    this.index++;
    this.#record = undefined;
    for (;;) {
      const at = this.#next;
      this.#line++;
      this.at = at;
      if (kind === 'jsonl' && isValid && this.#scanner.scan(at, inputLength)) {
        this.#next = this.#scanner.next;
        this.end = this.#next - 1;
        const found = this.#take();
        if (found !== undefined) return found;
      } else {
        const end = input.indexOf(NEWLINE, at);
        this.end = end === -1 || end > inputLength ? inputLength : end;
        this.#next = this.end + 1;
        if (isLeftOut(kind, input, at, this.end)) continue;
        if (kind === 'lines' && isValid && this.#line > 1) return this.#takeLine();
      }
      return this.#takeText();
    }
  }

  /** Whether the record was read without strings, so that its id is {@link idAt}. */
  get isUsual(): boolean {
    return this.#record === undefined;
  }

  /** Where the id of a usual record stands, with its quotes; -1 when it has none. */
  get idAt(): number {
    return this.#recipe.kind === 'lines' ? -1 : this.#scanner.idAt;
  }

  get idEnd(): number {
    return this.#scanner.idEnd;
  }

  /** The record in hand, as strings have it. */
  get record(): FileRecord {
    this.#record ??= this.#read();
    return this.#record;
  }

  /** The record that the scanner has found; undefined for one that it leaves to strings. */
  #take(): 'run' | 'foreign' | undefined {
    const { request } = this;
    const scanner = this.#scanner;
    const scratch = this.#scratch;
    const { inputAt, inputEnd } = scanner;
    if (scanner.pluginAt >= 0 && !this.#isOurs(scanner.pluginAt, scanner.pluginEnd)) return 'foreign';
    const hasOptions = scanner.optionsAt >= 0;
    const { options } = this.#recipe;
    request.inputAt = inputAt;
    request.inputLength = inputEnd - inputAt;
    request.optionCount = 0;
    if (!scanner.inputEscaped && !hasOptions && options.length === 0) {
      request.bytes = this.#area.input;
      return 'run';
    }
    request.bytes = scratch;
    request.inputAt = this.#defaultsEnd;
    if (scanner.inputEscaped) {
      if (!scanner.unescape(inputAt, inputEnd, scratch, this.#defaultsEnd)) return undefined;
      request.inputLength = scanner.end - this.#defaultsEnd;
    } else this.#area.input.copy(scratch, this.#defaultsEnd, inputAt, inputEnd);
    request.optionsAt = hasOptions ? request.inputAt + request.inputLength : 0;
    request.optionCount = hasOptions ? scanner.writeOptions(scratch, request.optionsAt) : options.length;
    return request.optionCount < 0 ? undefined : 'run';
  }

  /** A line that is an input, without the rest of its line break. */
  #takeLine(): 'run' {
    const { request, at } = this;
    const { input } = this.#area;
    const end = input[this.end - 1] === 0x0d ? this.end - 1 : this.end;
    const { options } = this.#recipe;
    request.inputLength = end - at;
    request.optionsAt = 0;
    request.optionCount = options.length;
    request.bytes = options.length === 0 ? input : this.#scratch;
    request.inputAt = options.length === 0 ? at : this.#defaultsEnd;
    if (options.length > 0) input.copy(this.#scratch, this.#defaultsEnd, at, end);
    return 'run';
  }

  /** The record as strings have it. */
  #takeText(): 'run' | 'refused' | 'foreign' {
    const { record, request } = this;
    if (record.malformed !== undefined) return 'refused';
    if (record.plugin !== undefined && record.plugin !== this.#recipe.plugin) return 'foreign';
    const input = Buffer.from(record.input);
    request.bytes = Buffer.concat([input, packOptions(record.options)]);
    request.inputAt = 0;
    request.inputLength = input.length;
    request.optionsAt = input.length;
    request.optionCount = record.options.length;
    return 'run';
  }

  #read(): FileRecord {
    const { kind, options, file } = this.#recipe;
    // A copy: Node does not look into memory that another thread shares.
    const bytes = Buffer.from(this.#area.input.subarray(this.at, this.end));
    return lineRecord(bytes, { line: this.#line, index: this.index, file }, kind, options);
  }

  #isOurs(at: number, end: number): boolean {
    return this.#area.input.compare(this.#plugin, 0, this.#plugin.length, at, end) === 0;
  }
}
