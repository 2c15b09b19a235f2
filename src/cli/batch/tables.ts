import { Option } from 'commander';
import type { FileBatchOptions } from '../../batch/file/options.ts';
import type { CsvOptions } from '../../batch/format/csv-options.ts';
import type { ResultColumn } from '../../batch/format/result-row.ts';

/** What a command says of tables. */
export interface TableCommandOptions {
  readonly csvDelimiter?: string;
  readonly csvQuote?: string;
  /** False with `--no-csv-header`. */
  readonly csvHeader: boolean;
  readonly optionColumns?: readonly string[];
  readonly outputDelimiter?: string;
  readonly outputQuote?: string;
  readonly outputHeader: boolean;
  readonly outputColumns?: readonly string[];
}

/** The options of {@link TableCommandOptions}. */
export function tableOptions(): Option[] {
  return [
    new Option('--csv-delimiter <text>', 'what stands between cells of CSV; `tab` is one (default: , or a tab)'),
    new Option('--csv-quote <char>', 'the quote of CSV; `none` where it has none (default: ")'),
    new Option('--no-csv-header', 'the first row is a record; columns are called 1, 2, 3, …'),
    new Option(
      '--option-columns <names>',
      'columns that are options, with commas between (default: the others)',
    ).argParser(toNames),
    new Option('--output-columns <names>', 'columns of a table that is written, with commas between').argParser(
      toNames,
    ),
    new Option('--output-delimiter <text>', 'what stands between cells of CSV that is written'),
    new Option('--output-quote <char>', 'the quote of CSV that is written'),
    new Option('--no-output-header', 'write CSV without the names of its columns'),
  ];
}

/** The same for the library. */
export function toTables(
  options: TableCommandOptions,
): Pick<FileBatchOptions, 'csv' | 'outputCsv' | 'optionColumns' | 'outputColumns'> {
  const { optionColumns, outputColumns } = options;
  return {
    csv: toCsv(options.csvDelimiter, options.csvQuote, options.csvHeader),
    outputCsv: toCsv(options.outputDelimiter, options.outputQuote, options.outputHeader),
    ...(optionColumns !== undefined && { optionColumns }),
    // Checked by the library, which says which there are.
    ...(outputColumns !== undefined && { outputColumns: outputColumns as readonly ResultColumn[] }),
  };
}

function toCsv(delimiter: string | undefined, quote: string | undefined, header: boolean): CsvOptions {
  return {
    header,
    ...(delimiter !== undefined && { delimiter: /^(?:tab|\\t)$/.test(delimiter) ? '\t' : delimiter }),
    ...(quote !== undefined && { quote: quote === 'none' ? false : quote }),
  };
}

function toNames(text: string): readonly string[] {
  return text === '' ? [] : text.split(',');
}
