import { Buffer, isUtf8 } from 'node:buffer';

/** A line of the input, counted from 1; blank lines are counted and left out. */
export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly problem: string };

/** A longer line is refused, so that a file without line breaks does not end up in memory. */
const MAX_LINE_BYTES: number = 64 * 1024 * 1024;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BYTE_ORDER_MARK = '\ufeff';

/** Splits a stream of UTF-8 into lines. Holds one chunk and one line at the most. */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number = MAX_LINE_BYTES,
): AsyncGenerator<Line, void, undefined> {
  let number = 0;
  /** The beginning of a line whose end has not come yet. */
  let pieces: Buffer[] = [];
  let length = 0;

  const take = (piece: Buffer): void => {
    length += piece.length;
    // Of a line that is too long only the length is kept.
    if (length > maxBytes) pieces = [];
    else pieces.push(piece);
  };
  const end = (): Line | undefined => {
    number++;
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    const problem = length > maxBytes ? `it has ${length} bytes; ${maxBytes} are the most` : undefined;
    pieces = [];
    length = 0;
    if (problem !== undefined) return { number, problem };
    if (!isUtf8(bytes)) return { number, problem: 'it is not UTF-8' };
    const text = bytes.toString('utf8', 0, bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length);
    const unmarked = number === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
    return unmarked.trim() === '' ? undefined : { number, text: unmarked };
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, start)) {
      take(chunk.subarray(start, at));
      start = at + 1;
      const line = end();
      if (line !== undefined) yield line;
    }
    if (start < chunk.length) take(chunk.subarray(start));
  }
  if (length === 0) return;
  const line = end();
  if (line !== undefined) yield line;
}
