import type { OutputFormat } from '../file/format.ts';
import { ArrowEncoder } from './arrow-encoder.ts';
import { CsvEncoder } from './csv-encoder.ts';
import type { ResolvedCsvOptions } from './csv-options.ts';
import type { ResultEncoder } from './encoder.ts';
import { ParquetEncoder } from './parquet-encoder.ts';
import type { ResultColumn } from './result-row.ts';

/** What a table has. */
export interface EncoderOptions {
  readonly csv: ResolvedCsvOptions;
  readonly columns: readonly ResultColumn[];
}

/**
 * The encoder of a format; undefined where lines are written as they are.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` where a package that it takes is not installed.
 */
export async function openEncoder(format: OutputFormat, options: EncoderOptions): Promise<ResultEncoder | undefined> {
  switch (format) {
    case 'jsonl':
    case 'lines':
      return undefined;
    case 'csv':
    case 'tsv':
      return CsvEncoder.open(options.csv, options.columns);
    case 'parquet':
      return ParquetEncoder.open(options.columns);
    case 'arrow':
      return ArrowEncoder.open(options.columns, 'file');
    case 'arrow-stream':
      return ArrowEncoder.open(options.columns, 'stream');
  }
}
