import { constants } from 'node:buffer';
import { PluginError } from '../../errors.ts';
import { ArrowReader } from '../format/arrow-reader.ts';
import { CsvDecoder } from '../format/csv-decoder.ts';
import type { RecordDecoder } from '../format/decoder.ts';
import type { InputForm } from '../format/input-form.ts';
import { JsonArrayDecoder } from '../format/json-array-decoder.ts';
import { ParquetReader } from '../format/parquet-reader.ts';
import { brokenFile } from './errors.ts';
import type { InputFormat } from './format.ts';
import type { BatchInput } from './input.ts';
import { LineSplitter } from './lines.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { type FileRecord, recordMaker } from './record.ts';

/** What records look like. */
export interface RecordForm extends Pick<ResolvedFileBatchOptions, 'options' | 'fields'> {
  readonly input: InputForm;
}

/** Gives the records of an input, whatever that looks like. */
export interface RecordReader {
  /** The next record, undefined at the end, or a promise where the input has to be read. */
  next(): FileRecord | undefined | Promise<FileRecord | undefined>;
}

/** Opens the records of an input. */
export function openRecords(input: BatchInput, form: RecordForm): RecordReader {
  const { fields, options } = form;
  const table = { fields, optionColumns: form.input.optionColumns, options };
  switch (form.input.format) {
    case 'parquet': {
      const reader = new ParquetReader(input.randomAccess(), table);
      return guarded(input, reader, () => input.advance(reader.share));
    }
    case 'arrow':
    case 'arrow-stream': {
      const file = input.isRandom ? input.randomAccess() : undefined;
      const reader = new ArrowReader({ file, chunks: () => input.read() }, table);
      return guarded(input, reader, () => reader.share !== undefined && input.advance(reader.share));
    }
    default:
      return new ChunkReader(input, openDecoder(form, form.input.format));
  }
}

/** Opens the lines of a file that a run has written: they may be longer than those of the records that they are of. */
export function openLines(input: BatchInput): RecordReader {
  return new ChunkReader(input, new LineSplitter(recordMaker('lines', []), constants.MAX_STRING_LENGTH));
}

/** What goes wrong says which input it is. */
function guarded(input: BatchInput, reader: RecordReader, read: () => unknown): RecordReader {
  const fail = (error: unknown): never => {
    throw error instanceof PluginError ? error : brokenFile('reading', input.name, error);
  };
  return {
    next: () => {
      const next = reader.next();
      if (!(next instanceof Promise)) return next;
      return next.then((record) => {
        read();
        return record;
      }, fail);
    },
  };
}

/** Formats that are read from their beginning to their end. */
type ChunkFormat = Exclude<InputFormat, 'parquet' | 'arrow' | 'arrow-stream'>;

function openDecoder(
  { input: { csv, optionColumns }, options, fields }: RecordForm,
  format: ChunkFormat,
): RecordDecoder {
  switch (format) {
    case 'csv':
    case 'tsv':
      return new CsvDecoder(csv, { fields, optionColumns, options });
    case 'json':
      return new JsonArrayDecoder(recordMaker('jsonl', options, fields));
    case 'jsonl':
    case 'lines':
      return new LineSplitter(recordMaker(format, options, fields));
  }
}

/** Reads the records of a file, a chunk at a time; those of one chunk come without waiting. */
class ChunkReader implements RecordReader {
  readonly #input: BatchInput;
  readonly #decoder: RecordDecoder;
  #state: 'open' | 'ended' = 'open';

  constructor(input: BatchInput, decoder: RecordDecoder) {
    this.#input = input;
    this.#decoder = decoder;
  }

  next(): FileRecord | undefined | Promise<FileRecord | undefined> {
    return this.#decoder.next() ?? (this.#state === 'ended' ? undefined : this.#read());
  }

  async #read(): Promise<FileRecord | undefined> {
    while (this.#state === 'open') {
      const chunk = await this.#input.read();
      try {
        if (chunk !== undefined) await this.#decoder.push(chunk);
        else {
          this.#state = 'ended';
          await this.#decoder.end();
        }
        const record = this.#decoder.next();
        if (record !== undefined) return record;
      } catch (error) {
        throw brokenFile('reading', this.#input.name, error);
      }
    }
    return undefined;
  }
}
