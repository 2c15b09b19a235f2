import { flag, invalidArgument, knownKeys, nonEmptyString, oneOf } from '../../arguments/arguments.ts';
import type { RequestOptions } from '../../contract/values.ts';
import { PluginError } from '../../errors.ts';
import { resolveRequestOptions } from '../../request/request.ts';
import { type CsvOptions, resolveCsv } from '../format/csv-options.ts';
import type { InputForm } from '../format/input-form.ts';
import type { EncoderOptions } from '../format/open-encoder.ts';
import { RESULT_COLUMNS, type ResultColumn } from '../format/result-row.ts';
import { BATCH_KEYS, type BatchOptions, type ResolvedBatchOptions, resolveBatchOptions } from '../options.ts';
import type { BatchProgress } from '../statistics.ts';
import { FailureLimit, type MaxFailures } from './failure-limit.ts';
import { type RecordFields, type RecordFieldsOptions, resolveFields, USUAL_FIELDS } from './fields.ts';
import {
  type Compression,
  formatOf,
  INPUT_FORMATS,
  type InputFormat,
  isOfJson,
  isWhole,
  OUTPUT_FORMATS,
  type OutputFormat,
} from './format.ts';
import {
  type ResolvedSelection,
  resolveDryRun,
  resolveSelection,
  SELECTION_KEYS,
  type SelectionOptions,
} from './selection.ts';

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
  /** The path or the URL (`https:`, `s3:`) of the input; `-` is standard input. `.gz` and `.zst` are decompressed. */
  readonly input: string;
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
  /** Hears of each line that is no record. */
  readonly onMalformed?: (line: number, reason: string) => void;
}

/** The options with nothing left out. */
export interface ResolvedFileBatchOptions {
  readonly batch: ResolvedBatchOptions;
  readonly input: InputForm & { readonly path: string; readonly compression: Compression };
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
  readonly onMalformed: ((line: number, reason: string) => void) | undefined;
}

/** Checks the options and fills in what they leave out. */
export function resolveFileBatchOptions(options: FileBatchOptions): ResolvedFileBatchOptions {
  knownKeys('options', options, [...BATCH_KEYS, ...FILE_KEYS]);
  const { interrupt, onProgress, onMalformed, identity } = options;
  const batch = Object.fromEntries(Object.entries(options).filter(([key]) => BATCH_KEYS.includes(key)));
  const input = nonEmptyString('input', options.input);
  const output = nonEmptyString('output', options.output);
  const named = { input: formatOf(input), output: formatOf(output) };
  const encoding = oneOf('outputFormat', options.outputFormat, OUTPUT_FORMATS, outputNamed(named.output.format));
  const journal = resolveJournal(output, options.journal, encoding);
  const resume = flag('resume', options.resume, false);
  const atMostOnce = flag('atMostOnce', options.atMostOnce, false);
  const name = resume ? 'resume' : 'atMostOnce';
  if (isWhole(encoding) && (resume || atMostOnce)) throw wholeFile(name, encoding);
  if (journal === undefined && (resume || atMostOnce)) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `\`${name}\` needs a journal, and there is none`, {
      hint: 'Write into a file, or name a `journal`.',
    });
  }
  const retryDeadLetters = flag('retryDeadLetters', options.retryDeadLetters, false);
  if (retryDeadLetters && (options.deadLetter === undefined || output === '-' || resume || atMostOnce)) {
    throw new PluginError(
      'ERR_INVALID_ARGUMENT',
      '`retryDeadLetters` needs `deadLetter` and an output that is a file',
      {
        hint: 'Name the files of the run that wrote them, without `resume` and `atMostOnce`.',
      },
    );
  }
  if (retryDeadLetters) assertOfAll(options);
  const formats = {
    input: oneOf('inputFormat', options.inputFormat, INPUT_FORMATS, named.input.format),
    output: encoding,
  };
  const fields = resolveFields(options.fields, options.passFields);
  assertFields(fields, formats);
  return Object.freeze({
    batch: resolveBatchOptions(batch),
    input: {
      path: input,
      ...named.input,
      format: formats.input,
      csv: resolveCsv('csv', options.csv, formats.input, 'read'),
      optionColumns:
        options.optionColumns === undefined ? 'the others' : columnNames('optionColumns', options.optionColumns),
    },
    output: {
      path: output,
      ...named.output,
      format: formats.output === 'lines' ? 'lines' : 'jsonl',
      encoding: formats.output,
      csv: resolveCsv('outputCsv', options.outputCsv, formats.output, 'written'),
      columns: resolveOutputColumns(options.outputColumns),
    },
    fields,
    selection: resolveSelection(options),
    failureLimit: FailureLimit.of(options.maxFailures),
    dryRun: resolveDryRun(options.dryRun),
    rate: resolveRate(options.rate),
    deadLetter:
      options.deadLetter === undefined
        ? undefined
        : { path: nonEmptyString('deadLetter', options.deadLetter), ...formatOf(options.deadLetter) },
    options: resolveRequestOptions(options.options),
    journal,
    journalNamed: typeof options.journal === 'string',
    resume,
    atMostOnce,
    retryDeadLetters,
    identity,
    interrupt,
    onProgress,
    onMalformed,
  });
}

/** Dead letters run again all of them, and their results are written. */
function assertOfAll(options: FileBatchOptions): void {
  const given = [...SELECTION_KEYS, 'maxFailures', 'dryRun', 'rate'] as const;
  const name = given.find((key) => options[key] !== undefined && options[key] !== false);
  if (name === undefined) return;
  throw new PluginError(
    'ERR_INVALID_ARGUMENT',
    `\`${name}\` is not for dead letters, which are run again all of them`,
    {
      hint: `Leave out \`${name}\`.`,
    },
  );
}

function resolveRate(rate: unknown): number | undefined {
  if (rate === undefined) return undefined;
  if (typeof rate === 'number' && rate >= 0.001 && rate <= 1e9) return rate;
  throw invalidArgument('rate', 'a number of records in a second, from 0.001 up', rate);
}

/** A line that is an input has no fields, and one that is an output has no room for them. */
function assertFields(
  fields: RecordFields,
  { input, output }: { readonly input: InputFormat; readonly output: OutputFormat },
): void {
  if (fields === USUAL_FIELDS) return;
  if (input === 'lines') {
    throw new PluginError(
      'ERR_INVALID_ARGUMENT',
      '`fields` and `passFields` need records with fields, and lines have none',
      {
        hint: 'Leave them out, or say what the records are with `inputFormat`.',
      },
    );
  }
  if (!isOfJson(input) && fields.options !== undefined && fields.options !== USUAL_FIELDS.options) {
    throw new PluginError(
      'ERR_INVALID_ARGUMENT',
      '`fields.options` is no column: the options of a row are its other columns',
      {
        hint: 'Say with `optionColumns` which they are, or `false` for none.',
      },
    );
  }
  if (fields.others === 'passed on' && output !== 'jsonl') {
    throw new PluginError(
      'ERR_INVALID_ARGUMENT',
      '`passFields` needs an output of JSONL; plain lines are the output alone',
    );
  }
}

/** What the name of an output says: where it names no format that is written, JSONL. */
function outputNamed(named: InputFormat): OutputFormat {
  return OUTPUT_FORMATS.find((format) => format === named) ?? 'jsonl';
}

function resolveOutputColumns(given: FileBatchOptions['outputColumns']): readonly ResultColumn[] {
  if (given === undefined) return RESULT_COLUMNS;
  const columns = columnNames('outputColumns', given).map((name) =>
    oneOf('outputColumns', name, RESULT_COLUMNS, 'output'),
  );
  if (columns.length === 0) throw invalidArgument('outputColumns', 'an array with a column at least', given);
  return columns;
}

/** Names of columns, none of them twice. */
function columnNames(option: string, given: readonly string[]): readonly string[] {
  if (!Array.isArray(given) || given.some((name) => typeof name !== 'string') || new Set(given).size < given.length) {
    throw invalidArgument(option, 'an array of names of columns, none of them twice', given);
  }
  return [...given];
}

function wholeFile(name: string, format: OutputFormat): PluginError {
  const message = `\`${name}\` cannot go on with an output of ${format}: nothing can be added to such a file`;
  return new PluginError('ERR_INVALID_ARGUMENT', message, {
    hint: 'Leave it out, or write a format that can be continued: jsonl, csv or arrow-stream.',
  });
}

function resolveJournal(
  output: string,
  journal: FileBatchOptions['journal'],
  encoding: OutputFormat,
): string | undefined {
  if (journal === false) return undefined;
  if (isWhole(encoding)) {
    if (journal === undefined) return undefined;
    throw wholeFile('journal', encoding);
  }
  if (output === '-' && journal !== undefined) {
    throw invalidArgument('journal', '`false` where the output is standard output', journal);
  }
  if (output === '-') return undefined;
  return journal === undefined ? `${output}.journal` : nonEmptyString('journal', journal);
}

const FILE_KEYS = [
  'input',
  'output',
  'deadLetter',
  'inputFormat',
  'outputFormat',
  'fields',
  'passFields',
  'csv',
  'outputCsv',
  'optionColumns',
  'outputColumns',
  'maxFailures',
  'dryRun',
  'rate',
  ...SELECTION_KEYS,
  'options',
  'journal',
  'resume',
  'atMostOnce',
  'retryDeadLetters',
  'identity',
  'interrupt',
  'onProgress',
  'onMalformed',
] as const satisfies readonly (keyof FileBatchOptions)[];
