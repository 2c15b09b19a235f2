import type { Buffer } from 'node:buffer';
import { malformedError } from '../../src/batch/file/record.ts';
import { verdictOn } from '../../src/batch/file/result-line.ts';
import { SideKind } from '../../src/block/side.ts';
import type { LineRecipe } from '../../src/block/source.ts';
import type { PluginResponse } from '../../src/contract/values.ts';
import type { PluginError } from '../../src/errors.ts';
import type { BlockArea } from '../../src/pool/block-area.ts';
import type { BlockCodec, RecordBytes } from './codec.ts';
import { LineReader } from './line-reader.ts';
import { LineWriter } from './line-writer.ts';
import type { Region } from './region.ts';
import { note } from './side-notes.ts';

/** Lines of a file and lines of results. */
export class LineCodec implements BlockCodec {
  readonly request: RecordBytes;
  readonly #input: Buffer;
  readonly #side: Region;
  readonly #reader: LineReader;
  readonly #writer: LineWriter;

  constructor(area: BlockArea, recipe: LineRecipe, output: Region, side: Region) {
    this.#input = area.input;
    this.#side = side;
    this.#reader = new LineReader(area, recipe);
    this.#writer = new LineWriter(recipe, output, side);
    this.request = this.#reader.request;
  }

  begin(): void {
    this.#reader.begin();
  }

  next(): 'run' | 'refused' | 'foreign' {
    return this.#reader.next();
  }

  refuse(): void {
    const { record } = this.#reader;
    note(this.#side, SideKind.malformed, JSON.stringify([record.line, record.malformed]));
    this.#writer.write({ record, response: undefined, error: malformedError(record), attempts: 0 });
  }

  answerBytes(
    memory: Buffer,
    outputAt: number,
    outputLength: number,
    success: boolean,
    messageAt: number,
    messageLength: number,
  ): void {
    const { idAt, idEnd, isUsual, index } = this.#reader;
    if (success && messageAt < 0 && isUsual && this.#writer.takesBytes(outputLength, idEnd - idAt)) {
      this.#writer.writeBytes(index, this.#input, idAt, idEnd, memory, outputAt, outputLength);
      return;
    }
    const output = memory.toString('utf8', outputAt, outputAt + outputLength);
    const errorMessage = messageAt < 0 ? undefined : memory.toString('utf8', messageAt, messageAt + messageLength);
    this.answer({ output, success, ...(errorMessage !== undefined && { errorMessage }) });
  }

  answer(response: PluginResponse): void {
    this.#writer.write({ record: this.#reader.record, response, error: undefined, attempts: 1 });
  }

  fail(error: PluginError): void {
    const { record } = this.#reader;
    const done = { record, response: undefined, error, attempts: 1 };
    // Of a letter that is run again; the first failure says nothing yet.
    if (record.failures !== undefined && verdictOn(done) === 'poison') note(this.#side, SideKind.poison, '');
    this.#writer.write(done);
  }
}
