import type { RequestOptions } from '../../contract/values.ts';
import type { CsvOptions } from '../format/csv-options.ts';
import type { InputForm } from '../format/input-form.ts';
import type { EncoderOptions } from '../format/open-encoder.ts';
import type { ResultColumn } from '../format/result-row.ts';
import type { BatchOptions, ResolvedBatchOptions } from '../options.ts';
import type { BatchProgress } from '../statistics.ts';
import type { FailureLimit, MaxFailures } from './failure-limit.ts';
import type { RecordFields, RecordFieldsOptions } from './fields.ts';
import type { Compression, InputFormat, OutputFormat } from './format.ts';
import type { ResolvedSelection, SelectionOptions } from './selection.ts';

/**
 * How far a batch of files is. Its counts are those of all its runs, the rate and the plugins of this one.
 *
 * @example
 * const onProgress = ({ bytesRead, bytesTotal }: FileBatchProgress) => console.log(bytesRead, 'of', bytesTotal);
 * await engine.batchFiles({ plugin: 'redact', input: 'in.jsonl', output: 'out.jsonl', onProgress });
 */
export interface FileBatchProgress extends BatchProgress {
  /** Bytes of the input that were read, compressed as they are. */
  readonly bytesRead: number;
  /** Undefined where nobody knows, as of a pipe. */
  readonly bytesTotal: number | undefined;
  /** Records whose results are of earlier runs. */
  readonly resumed: number;
}

/**
 * A batch from a file into a file.
 *
 * @example
 * const files = { input: 'in.jsonl', output: 'out.jsonl', deadLetter: 'dead.jsonl' };
 * const options: FileBatchOptions = { plugin: 'redact', ...files };
 * const { succeeded, failed } = await engine.batchFiles(options);
 */
export interface FileBatchOptions extends Omit<BatchOptions, 'onProgress'>, SelectionOptions {
  /**
   * The path or the URL (`https:`, `s3:`) of the input; `-` is standard input. `.gz` and `.zst` are decompressed. Several
   * are read one after the other, each as its name says, and so are the files of a pattern (`logs/*.jsonl`), in the order of
   * their names.
   */
  readonly input: string | readonly string[];
  /** The path or the URL of the output; `-` is standard output. `.gz` and `.zst` are compressed. */
  readonly output: string;
  /** Where records without success go too, ready to be run again. @default nowhere */
  readonly deadLetter?: string;
  /** @default what the name says: `.csv`, `.tsv`, `.json` (an array), `.txt` and `.log` for plain lines, else JSONL */
  readonly inputFormat?: InputFormat;
  /** @default what the name says, as far as it is one that is written, else JSONL */
  readonly outputFormat?: OutputFormat;
  /** Where the fields of a record stand. @default at the top, by the names `input`, `id`, `options` and `plugin` */
  readonly fields?: RecordFieldsOptions;
  /** Has the other fields of a record in its line of the output too, as they came; that has to be JSONL. @default false */
  readonly passFields?: boolean;
  /** What CSV and TSV that are read look like. @default RFC 4180, with a header */
  readonly csv?: CsvOptions;
  /** What CSV and TSV that are written look like. @default RFC 4180, with a header */
  readonly outputCsv?: CsvOptions;
  /** The columns of a table that are options of its records, by their names. @default all that are nothing else */
  readonly optionColumns?: readonly string[];
  /** The columns of a table that is written, in their order. @default all there are */
  readonly outputColumns?: readonly ResultColumn[];
  /** Options of the records that bring none. @default [] */
  readonly options?: RequestOptions;
  /**
   * Records without success that the batch may have, as a number or as a share (`5%`) of those that are done. With more it
   * ends with `ERR_BATCH_FAILURES`, and can be resumed with a higher one. A share counts from 1,000 records on, and at the end.
   *
   * @default any number
   */
  readonly maxFailures?: MaxFailures;
  /**
   * Runs the first 1,000 records, or so many, and writes nothing: the summary has the `reasons` of those without success.
   *
   * @default false
   */
  readonly dryRun?: boolean | number;
  /** Records that begin in a second, at the most. @default unlimited */
  readonly rate?: number;
  /** The path of the journal, with which a run can be resumed; `false` keeps none. @default the output with `.journal` */
  readonly journal?: string | false;
  /** Goes on where the journal ends. @default false */
  readonly resume?: boolean;
  /** Records that may have been running when an earlier run was killed fail instead of running again. @default false */
  readonly atMostOnce?: boolean;
  /**
   * Runs the dead letters again, instead of the input, and replaces their lines in the output: what succeeds now is no
   * dead letter any more. @default false
   */
  readonly retryDeadLetters?: boolean;
  /** What else the results depend on: a run is only resumed by one with the same. @default undefined */
  readonly identity?: unknown;
  /** Ends the reading; what is in flight is finished, and the run can be resumed. */
  readonly interrupt?: AbortSignal;
  readonly onProgress?: (progress: FileBatchProgress) => void;
  /** Hears of each line that is no record, and of which file it is where there are several. */
  readonly onMalformed?: (line: number, reason: string, file?: string) => void;
}

/** A file of records. */
export interface InputFile extends InputForm {
  readonly path: string;
  readonly compression: Compression;
}

/** The options with nothing left out. */
export interface ResolvedFileBatchOptions {
  readonly batch: ResolvedBatchOptions;
  /** One at least; where there are several, in this order. */
  readonly inputs: readonly InputFile[];
  readonly output: EncoderOptions & {
    readonly path: string;
    readonly compression: Compression;
    /** Of the lines that are made of results. */
    readonly format: 'jsonl' | 'lines';
    /** What the file has, which may be made of such lines. */
    readonly encoding: OutputFormat;
  };
  readonly deadLetter: { readonly path: string; readonly compression: Compression } | undefined;
  readonly fields: RecordFields;
  readonly selection: ResolvedSelection;
  readonly failureLimit: FailureLimit | undefined;
  readonly dryRun: number | undefined;
  readonly rate: number | undefined;
  readonly options: RequestOptions;
  readonly journal: string | undefined;
  /** Whether the caller has named it. */
  readonly journalNamed: boolean;
  readonly resume: boolean;
  readonly atMostOnce: boolean;
  readonly retryDeadLetters: boolean;
  readonly identity: unknown;
  readonly interrupt: AbortSignal | undefined;
  readonly onProgress: ((progress: FileBatchProgress) => void) | undefined;
  readonly onMalformed: FileBatchOptions['onMalformed'];
}
