import { flag, invalidArgument, knownKeys, nonEmptyString, oneOf } from '../../arguments/arguments.ts';
import { PluginError } from '../../errors.ts';
import { resolveRequestOptions } from '../../request/request.ts';
import { resolveCsv } from '../format/csv-options.ts';
import { RESULT_COLUMNS, type ResultColumn } from '../format/result-row.ts';
import { BATCH_KEYS, resolveBatchOptions } from '../options.ts';
import { FailureLimit } from './failure-limit.ts';
import { type RecordFields, resolveFields, USUAL_FIELDS } from './fields.ts';
import {
  formatOf,
  INPUT_FORMATS,
  type InputFormat,
  isOfJson,
  isWhole,
  OUTPUT_FORMATS,
  type OutputFormat,
} from './format.ts';
import { inputPaths } from './input-paths.ts';
import type { FileBatchOptions, InputFile, ResolvedFileBatchOptions } from './options.ts';
import { resolveDryRun, resolveSelection, SELECTION_KEYS } from './selection.ts';

/** Checks the options and fills in what they leave out. */
export function resolveFileBatchOptions(options: FileBatchOptions): ResolvedFileBatchOptions {
  knownKeys('options', options, [...BATCH_KEYS, ...FILE_KEYS]);
  const { interrupt, onProgress, onMalformed, identity } = options;
  const batch = Object.fromEntries(Object.entries(options).filter(([key]) => BATCH_KEYS.includes(key)));
  const output = nonEmptyString('output', options.output);
  const named = formatOf(output);
  const encoding = oneOf('outputFormat', options.outputFormat, OUTPUT_FORMATS, outputNamed(named.format));
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
  const inputs = inputPaths(options.input).map((path) => resolveInput(path, options));
  const fields = resolveFields(options.fields, options.passFields);
  for (const { format } of inputs) assertFields(fields, { input: format, output: encoding });
  return Object.freeze({
    batch: resolveBatchOptions(batch),
    inputs,
    output: {
      path: output,
      ...named,
      format: encoding === 'lines' ? 'lines' : 'jsonl',
      encoding,
      csv: resolveCsv('outputCsv', options.outputCsv, encoding, 'written'),
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

/** What one of the inputs looks like: what its name says, unless something else was said. */
function resolveInput(path: string, { inputFormat, csv, optionColumns }: FileBatchOptions): InputFile {
  const named = formatOf(path);
  const format = oneOf('inputFormat', inputFormat, INPUT_FORMATS, named.format);
  return {
    path,
    compression: named.compression,
    format,
    csv: resolveCsv('csv', csv, format, 'read'),
    optionColumns: optionColumns === undefined ? 'the others' : columnNames('optionColumns', optionColumns),
  };
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
