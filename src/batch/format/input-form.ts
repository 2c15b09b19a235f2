import type { InputFormat } from '../file/format.ts';
import type { ResolvedCsvOptions } from './csv-options.ts';

/** What an input looks like. */
export interface InputForm {
  readonly format: InputFormat;
  readonly csv: ResolvedCsvOptions;
  /** The columns of a table that are options. */
  readonly optionColumns: readonly string[] | 'the others';
}
