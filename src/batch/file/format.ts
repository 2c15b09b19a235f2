import { extname } from 'node:path';
import { isRemote, shownUrl } from '../remote/url.ts';

/** What the records of a file look like. */
export const INPUT_FORMATS = ['jsonl', 'lines', 'csv', 'tsv', 'json', 'parquet', 'arrow', 'arrow-stream'] as const;
/**
 * What the records of a file are written in.
 *
 * @example
 * const inputFormat: InputFormat = 'csv';
 * await engine.batchFiles({ plugin: 'redact', input: 'records.txt', output: 'out.jsonl', inputFormat });
 */
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** What results look like. */
export const OUTPUT_FORMATS = ['jsonl', 'lines', 'csv', 'tsv', 'parquet', 'arrow', 'arrow-stream'] as const;
/**
 * What results are written in.
 *
 * @example
 * const outputFormat: OutputFormat = 'csv';
 * await engine.batchFiles({ plugin: 'redact', input: 'in.jsonl', output: 'results.txt', outputFormat });
 */
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export type Compression = 'none' | 'gzip' | 'zstd';

const COMPRESSIONS: ReadonlyMap<string, Compression> = new Map([
  ['.gz', 'gzip'],
  ['.zst', 'zstd'],
]);
const FORMATS: ReadonlyMap<string, InputFormat> = new Map([
  ['.csv', 'csv'],
  ['.tsv', 'tsv'],
  ['.tab', 'tsv'],
  ['.json', 'json'],
  ['.parquet', 'parquet'],
  ['.arrow', 'arrow'],
  ['.feather', 'arrow'],
  ['.arrows', 'arrow-stream'],
  ['.txt', 'lines'],
  ['.log', 'lines'],
]);

/** Whether a record is a line of the file, so that files can be cut at line ends. */
export function isOfLines(format: InputFormat): format is 'jsonl' | 'lines' {
  return format === 'jsonl' || format === 'lines';
}

/** Whether a file has an index at its end, so that it is whole or none, and no run can go on with it. */
export function isWhole(format: OutputFormat): boolean {
  return format === 'parquet' || format === 'arrow';
}

/** Whether a record is a value of JSON, with fields in fields. */
export function isOfJson(format: InputFormat): boolean {
  return format === 'jsonl' || format === 'json';
}

/** What a file's name says: `letters.csv.gz` is compressed CSV. What it does not say is JSONL, and not compressed. */
export function formatOf(given: string): { readonly compression: Compression; readonly format: InputFormat } {
  const path = isRemote(given) ? shownUrl(given) : given;
  const extension = extname(path).toLowerCase();
  const compression = COMPRESSIONS.get(extension);
  const name = compression === undefined ? path : path.slice(0, -extension.length);
  return { compression: compression ?? 'none', format: FORMATS.get(extname(name).toLowerCase()) ?? 'jsonl' };
}
