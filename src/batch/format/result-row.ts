import { Buffer } from 'node:buffer';

/**
 * A result as a row of a table has it; the columns are these, in this order.
 *
 * @example
 * const line = (row: ResultRow) => `${row.index}: ${row.output}`;
 */
export interface ResultRow {
  /** Ids that are no strings are as JSON has them. */
  readonly id: string | null;
  /** The place of the record in the input, from 0. */
  readonly index: number;
  /** Whether the plugin has answered. */
  readonly ok: boolean;
  readonly output: string | null;
  /** What the plugin has said of it; null where it has not answered. */
  readonly success: boolean | null;
  /** Of a record without an answer. */
  readonly errorCode: string | null;
  /** What the plugin said instead of success, or why it has not answered. */
  readonly errorMessage: string | null;
}

/**
 * A column of results in CSV.
 *
 * @example
 * const outputColumns: ResultColumn[] = ['id', 'output'];
 * await engine.batchFiles({ plugin: 'redact', input: 'in.csv', output: 'out.csv', outputColumns });
 */
export type ResultColumn = keyof ResultRow;

export const RESULT_COLUMNS: readonly ResultColumn[] = [
  'id',
  'index',
  'ok',
  'output',
  'success',
  'errorCode',
  'errorMessage',
];

/** The line of a result, as far as it matters here. */
interface ResultLine {
  readonly id?: unknown;
  readonly index: number;
  readonly ok: boolean;
  readonly output?: string;
  readonly success?: boolean;
  readonly errorMessage?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** The digits of an id that is a number: JavaScript keeps some 16 of them. */
const DIGITS = /^\{"id":(-?\d[^,]*),/;

/** The rows of lines that a run has written. */
export function resultRows(lines: Uint8Array): ResultRow[] {
  const text = Buffer.from(lines.buffer, lines.byteOffset, lines.length).toString('utf8');
  const rows: ResultRow[] = [];
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    rows.push(resultRow(text.slice(from, end)));
    from = end + 1;
  }
  return rows;
}

function resultRow(line: string): ResultRow {
  const { id, index, ok, output, success, errorMessage, error } = JSON.parse(line) as ResultLine;
  return {
    id: typeof id === 'number' ? (DIGITS.exec(line)?.[1] ?? `${id}`) : id === undefined || id === null ? null : `${id}`,
    index,
    ok,
    output: output ?? null,
    success: success ?? null,
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? errorMessage ?? null,
  };
}
