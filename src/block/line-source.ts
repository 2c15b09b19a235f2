import { Buffer } from 'node:buffer';
import type { BlockSource, LineRecipe } from './source.ts';

const NEWLINE = 0x0a;
/** Enough of a line to see that it is not blank, in most cases. */
const GLANCE = 24;

/** Whether a line is no record: a blank one of JSON. One of plain lines is, so that input and output have as many. */
export function isLeftOut(kind: LineRecipe['kind'], bytes: Buffer, at: number, end: number): boolean {
  if (kind === 'lines') return false;
  const first = bytes[at]!;
  // Most lines begin with a letter, a brace or a digit.
  if (at < end && first > 0x20 && first < 0x80) return false;
  if (at === end) return true;
  if (bytes.toString('utf8', at, Math.min(end, at + GLANCE)).trim() !== '') return false;
  return end - at <= GLANCE || bytes.toString('utf8', at, end).trim() === '';
}

/**
 * Counts the lines in bytes, and those that are records, which are at most `most`; the last one ends with the bytes.
 *
 * @returns Also where they end.
 */
export function countLines(
  kind: LineRecipe['kind'],
  bytes: Buffer,
  most: number,
): { readonly lines: number; readonly records: number; readonly end: number } {
  let lines = 0;
  let records = 0;
  let start = 0;
  while (start < bytes.length && records < most) {
    const end = nextNewline(bytes, start);
    lines++;
    if (!isLeftOut(kind, bytes, start, end)) records++;
    start = end + 1;
  }
  return { lines, records, end: Math.min(start, bytes.length) };
}

/** Whole lines of a file as a block. */
export class LineSource implements BlockSource {
  readonly bytes: Buffer;
  readonly count: number;
  readonly recipe: LineRecipe;
  readonly isUtf8: boolean;
  readonly firstIndex: number;
  readonly firstLine: number;

  constructor(
    bytes: Buffer,
    recipe: LineRecipe,
    place: Pick<BlockSource, 'count' | 'isUtf8' | 'firstIndex' | 'firstLine'>,
  ) {
    this.bytes = bytes;
    this.recipe = recipe;
    this.count = place.count;
    this.isUtf8 = place.isUtf8;
    this.firstIndex = place.firstIndex;
    this.firstLine = place.firstLine;
  }

  skip(at: number, line: number, records: number): { readonly at: number; readonly line: number } {
    const { bytes } = this;
    let start = at;
    let number = line;
    for (let left = records; left > 0; number++) {
      const end = nextNewline(bytes, start);
      if (!isLeftOut(this.recipe.kind, bytes, start, end)) left--;
      start = end + 1;
    }
    return { at: Math.min(start, bytes.length), line: number };
  }

  /** Some of its records, as a block with bytes of its own. */
  part(from: number, count: number): LineSource {
    const { bytes, recipe, isUtf8, firstIndex } = this;
    const start = this.skip(0, this.firstLine, from);
    const end = this.skip(start.at, start.line, count);
    const place = { count, isUtf8, firstIndex: firstIndex + from, firstLine: start.line };
    return new LineSource(Buffer.from(bytes.subarray(start.at, end.at)), recipe, place);
  }

  /** The records from one on, as lines: for those that have to be looked at one by one. */
  *records(
    from: number,
    count: number,
  ): Generator<{ readonly bytes: Buffer; readonly line: number; readonly index: number }> {
    const { bytes } = this;
    const place = this.skip(0, this.firstLine, from);
    let { line } = place;
    let start = place.at;
    for (let record = from; record < from + count; line++) {
      const end = nextNewline(bytes, start);
      if (!isLeftOut(this.recipe.kind, bytes, start, end)) {
        yield { bytes: bytes.subarray(start, end), line, index: this.firstIndex + record };
        record++;
      }
      start = end + 1;
    }
  }
}

function nextNewline(bytes: Buffer, at: number): number {
  const end = bytes.indexOf(NEWLINE, at);
  return end === -1 ? bytes.length : end;
}
