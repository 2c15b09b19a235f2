import { flag, invalidArgument, knownKeys } from '../../arguments/arguments.ts';

/**
 * What CSV looks like.
 *
 * @example
 * const csv: CsvOptions = { delimiter: ';' };
 * await engine.batchFiles({ plugin: 'redact', input: 'in.csv', output: 'out.jsonl', csv });
 */
export interface CsvOptions {
  /** What stands between cells: one to eight characters. @default ',' of CSV, a tab of TSV */
  readonly delimiter?: string;
  /** The character around cells that have delimiters, quotes or line breaks; `false` where there is none. @default '"' */
  readonly quote?: string | false;
  /** Whether the first row names the columns; else they are called by their numbers, from `'1'`. @default true */
  readonly header?: boolean;
}

/** The same with nothing left out. */
export type ResolvedCsvOptions = Required<CsvOptions>;

const KEYS = ['delimiter', 'quote', 'header'] as const satisfies readonly (keyof CsvOptions)[];

/**
 * Checks the options of CSV and fills in what they leave out.
 *
 * @param name Of the option, for errors.
 * @param format TSV has tabs.
 * @param use What is written has a quote always, as a cell could not have a line break without one.
 */
export function resolveCsv(
  name: string,
  options: CsvOptions | undefined,
  format: string,
  use: 'read' | 'written',
): ResolvedCsvOptions {
  if (options !== undefined) knownKeys(name, options, KEYS);
  const { delimiter = format === 'tsv' ? '\t' : ',', quote = '"' } = options ?? {};
  if (typeof delimiter !== 'string' || delimiter === '' || delimiter.length > 8 || /[\r\n\0]/.test(delimiter)) {
    throw invalidArgument(`${name}.delimiter`, 'one to eight characters without a line break', delimiter);
  }
  if (quote === false && use === 'written') {
    throw invalidArgument(`${name}.quote`, 'a character: without one, line breaks could not be written', quote);
  }
  if (quote !== false && (typeof quote !== 'string' || !/^[!-~]$/.test(quote))) {
    throw invalidArgument(`${name}.quote`, `a character of ASCII${use === 'read' ? ', or false' : ''}`, quote);
  }
  if (quote !== false && delimiter.includes(quote)) {
    throw invalidArgument(`${name}.quote`, 'a character that the delimiter does not have', quote);
  }
  return { delimiter, quote, header: flag(`${name}.header`, options?.header, true) };
}
