import type { Buffer } from 'node:buffer';

/** How a worker reads the records of a block and writes their results. */
export type BlockRecipe = PackedRecipe | LineRecipe;

/** See `packed.ts`. */
interface PackedRecipe {
  readonly id: 0;
  readonly kind: 'packed';
}

/** For lines of a file. */
export interface LineRecipe {
  /** The number under which the workers know it. */
  readonly id: number;
  /** Lines of JSON, or lines that are inputs. */
  readonly kind: 'jsonl' | 'lines';
  /** What results are written as. */
  readonly output: 'jsonl' | 'lines';
  readonly letters: 'yes' | 'no';
  /** Records that name another one are not for the worker. */
  readonly plugin: string;
  /** The file, where records of several are in the batch. */
  readonly file: string | undefined;
  /** Of records that have none of their own. */
  readonly options: readonly (readonly [string, string])[];
}

/** Many records that travel, run and settle as bytes. Its records run in their order where they run in one worker. */
export interface BlockSource {
  readonly bytes: Buffer;
  readonly count: number;
  readonly recipe: BlockRecipe;
  readonly isUtf8: boolean;
  /** The number of the first record, and of the line where the bytes begin. */
  readonly firstIndex: number;
  readonly firstLine: number;
  /** Where the record begins that comes so many records after the one at `at`, and on which line. */
  skip(at: number, line: number, records: number): { readonly at: number; readonly line: number };
}
