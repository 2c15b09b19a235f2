import { Buffer } from 'node:buffer';
import { lineRecord } from '../../src/batch/file/line-record.ts';
import {
  type Done,
  deadLetterLine,
  type FileRecord,
  malformedError,
  outputLine,
  plainLine,
} from '../../src/batch/file/record.ts';
import { isLeftOut } from '../../src/block/line-source.ts';
import { type WordedBytes, worded } from '../../src/block/plain-bytes.ts';
import { RecordScanner } from '../../src/block/record-scanner.ts';
import { SideKind } from '../../src/block/side.ts';
import type { LineRecipe } from '../../src/block/source.ts';
import type { PluginResponse } from '../../src/contract/values.ts';
import type { PluginError } from '../../src/errors.ts';
import { BLOCK_INPUT_BYTES, type BlockArea } from '../../src/pool/block-area.ts';
import type { BlockCodec, RecordBytes } from './codec.ts';
import { MOST_EXPANSION, writeJsonText, writeNumber, writePlainText } from './json-text.ts';
import type { Region } from './region.ts';
import { note } from './side-notes.ts';

const NEWLINE = 0x0a;
/** Longer texts are written by `JSON.stringify`, which beats a loop then. */
const LONG = 4096;

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const ID = bytesOf('{"id":');
const INDEX_AFTER_ID = bytesOf(',"index":');
const INDEX = bytesOf('{"index":');
const OUTPUT = bytesOf(',"ok":true,"output":"');
const SUCCESS = bytesOf('","success":true}\n');
/** More than the constant parts of a line take. */
const FRAME = 128;

/**
 * Lines of a file and lines of results. A record of the usual form is read and written as bytes; what is unusual about it,
 * its input or its end is done with strings, by the functions that have no blocks either.
 */
export class LineCodec implements BlockCodec {
  readonly request: RecordBytes;
  readonly #area: BlockArea;
  readonly #recipe: LineRecipe;
  readonly #output: Region;
  readonly #side: Region;
  readonly #words: WordedBytes;
  readonly #scanner: RecordScanner;
  /** The options that records without any get, packed, and behind them what is made of the record in hand. */
  readonly #scratch: Buffer;
  readonly #defaultsEnd: number;
  readonly #plugin: Buffer;
  /** The record in hand where it is read with strings. */
  #record: FileRecord | undefined;
  #at = 0;
  #end = 0;
  #next = 0;
  #line = 0;
  #index = 0;

  constructor(area: BlockArea, recipe: LineRecipe, output: Region, side: Region) {
    this.#area = area;
    this.#recipe = recipe;
    this.#output = output;
    this.#side = side;
    this.#words = worded(output.bytes);
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
    this.#index = this.#area.firstIndex - 1;
  }

  next(): 'run' | 'refused' | 'foreign' {
    const { input, inputLength, isUtf8: isValid } = this.#area;
    this.#index++;
    this.#record = undefined;
    for (;;) {
      const at = this.#next;
      this.#line++;
      this.#at = at;
      if (this.#recipe.kind === 'jsonl' && isValid && this.#scanner.scan(at, inputLength)) {
        this.#next = this.#scanner.next;
        this.#end = this.#next - 1;
        const kind = this.#take();
        if (kind !== undefined) return kind;
      } else {
        const end = input.indexOf(NEWLINE, at);
        this.#end = end === -1 || end > inputLength ? inputLength : end;
        this.#next = this.#end + 1;
        if (isLeftOut(this.#recipe.kind, input, at, this.#end)) continue;
        if (this.#recipe.kind === 'lines' && isValid && this.#line > 1) return this.#takeLine();
      }
      return this.#takeText();
    }
  }

  refuse(): void {
    const record = this.#record!;
    note(this.#side, SideKind.malformed, JSON.stringify([record.line, record.malformed]));
    this.#write({ record, response: undefined, error: malformedError(record), attempts: 0 });
  }

  answerBytes(
    memory: Buffer,
    outputAt: number,
    outputLength: number,
    success: boolean,
    messageAt: number,
    messageLength: number,
  ): void {
    const most = outputLength * MOST_EXPANSION + FRAME + this.#end - this.#at;
    const isUsual = success && messageAt < 0 && outputLength <= LONG && this.#record === undefined;
    if (isUsual && most <= this.#output.room) this.#writeBytes(memory, outputAt, outputLength);
    else {
      const output = memory.toString('utf8', outputAt, outputAt + outputLength);
      const errorMessage = messageAt < 0 ? undefined : memory.toString('utf8', messageAt, messageAt + messageLength);
      this.answer({ output, success, ...(errorMessage !== undefined && { errorMessage }) });
    }
  }

  answer(response: PluginResponse): void {
    this.#write({ record: this.#asRecord(), response, error: undefined, attempts: 1 });
  }

  fail(error: PluginError): void {
    this.#write({ record: this.#asRecord(), response: undefined, error, attempts: 1 });
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
    const { request } = this;
    const { input } = this.#area;
    const at = this.#at;
    const end = input[this.#end - 1] === 0x0d ? this.#end - 1 : this.#end;
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
    const record = this.#read();
    this.#record = record;
    if (record.malformed !== undefined) return 'refused';
    if (record.plugin !== undefined && record.plugin !== this.#recipe.plugin) return 'foreign';
    const { request } = this;
    const input = Buffer.from(record.input);
    request.bytes = Buffer.concat([input, packOptions(record.options)]);
    request.inputAt = 0;
    request.inputLength = input.length;
    request.optionsAt = input.length;
    request.optionCount = record.options.length;
    return 'run';
  }

  #asRecord(): FileRecord {
    this.#record ??= this.#read();
    return this.#record;
  }

  #read(): FileRecord {
    const { kind, options } = this.#recipe;
    // A copy: Node does not look into memory that another thread shares.
    const bytes = Buffer.from(this.#area.input.subarray(this.#at, this.#end));
    return lineRecord(bytes, { line: this.#line, index: this.#index }, kind, options);
  }

  #isOurs(at: number, end: number): boolean {
    return this.#area.input.compare(this.#plugin, 0, this.#plugin.length, at, end) === 0;
  }

  /** Writes a success as bytes; there is room for it. */
  #writeBytes(memory: Buffer, outputAt: number, outputLength: number): void {
    const { bytes, end: start } = this.#output;
    if (this.#recipe.output === 'lines') {
      const end = writePlainText(memory, outputAt, outputLength, bytes, start);
      bytes[end] = NEWLINE;
      this.#output.end = end + 1;
      return;
    }
    const { idAt, idEnd } = this.#scanner;
    let end = start;
    if (this.#recipe.kind === 'lines' || idAt < 0) end = write(INDEX, bytes, end);
    else {
      const { input } = this.#area;
      end = write(ID, bytes, end);
      for (let at = idAt; at < idEnd; at++) bytes[end++] = input[at]!;
      end = write(INDEX_AFTER_ID, bytes, end);
    }
    end = writeNumber(this.#index, bytes, end);
    end = write(OUTPUT, bytes, end);
    end = writeJsonText(memory, outputAt, outputLength, bytes, end, this.#words);
    this.#output.end = write(SUCCESS, bytes, end);
  }

  #write(done: Done): void {
    const line = this.#recipe.output === 'jsonl' ? outputLine(done) : plainLine(done);
    this.#output.addText(`${line}\n`);
    if (this.#recipe.letters === 'yes' && !done.response?.success) {
      note(this.#side, SideKind.letter, deadLetterLine(done));
    }
  }
}

function write(text: Uint8Array, to: Buffer, start: number): number {
  for (let index = 0; index < text.length; index++) to[start + index] = text[index]!;
  return start + text.length;
}

/** For each text of each option its length, a little-endian u32, and the text. */
function packOptions(options: readonly (readonly [string, string])[]): Buffer {
  const pieces = options.flat().flatMap((text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat(pieces);
}
