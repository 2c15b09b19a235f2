import { Buffer, isUtf8 } from 'node:buffer';
import type { FileRecord } from '../file/record.ts';
import type { Cell, RowReader } from './columns.ts';

/** A cell of bytes, which are a text if they are UTF-8. */
export type RawCell = Cell | Uint8Array | undefined;

/** A cell that is none of these, or bytes that are no text. */
export class UnusableCell extends Error {}

/** What a cell is to a record: a text, a number, a truth, or nothing. */
function toCell(value: RawCell): Cell {
  if (value === undefined) return null;
  if (!(value instanceof Uint8Array)) return value;
  if (!isUtf8(value)) throw new UnusableCell('has bytes that are no UTF-8');
  return Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8');
}

/**
 * The record of a row of which some cells may not be usable: then that is an error of it.
 *
 * @param refuse Makes a record of a row that is none.
 */
export function recordOf(
  rows: RowReader,
  line: number,
  names: readonly string[],
  cellAt: (column: number) => RawCell,
  refuse: (line: number, malformed: string) => FileRecord,
): FileRecord {
  let column = 0;
  try {
    return rows.record(line, (at) => {
      column = at;
      return toCell(cellAt(at));
    });
  } catch (error) {
    if (!(error instanceof UnusableCell)) throw error;
    return refuse(line, `its column \`${names[column]}\` ${error.message}`);
  }
}
