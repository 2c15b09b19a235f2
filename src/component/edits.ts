import type { Span } from './reader.ts';

/** Bytes that take the place of a span of the file; an empty span is where they are put in. */
export interface Edit {
  readonly span: Span;
  readonly bytes: Uint8Array;
}

/** Puts bytes in the place of a span; returns by how many bytes the file grows. */
export function replace(edits: Edit[], span: Span, bytes: Iterable<number>): number {
  const edit = { span, bytes: Uint8Array.from(bytes) };
  edits.push(edit);
  return growthOf(edit);
}

/** Puts bytes in at a position, after those that were put in there before; returns how many. */
export function insert(edits: Edit[], position: number, bytes: Iterable<number>): number {
  return replace(edits, { start: position, end: position }, bytes);
}

/** Makes the edits within something whose length is written in front of it, and rewrites the length if need be. */
export function resized(content: Span, size: Span | undefined, edits: Edit[], inner: () => number): number {
  const growth = inner();
  if (growth === 0 || size === undefined) return growth;
  return growth + replace(edits, size, leb128(content.end - content.start + growth));
}

/** An unsigned integer in as few bytes as it takes. */
export function leb128(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  while (left >= 0x80) {
    bytes.push((left % 0x80) | 0x80);
    left = Math.floor(left / 0x80);
  }
  return [...bytes, left];
}

/** A number that is not negative as a signed LEB128 integer, whose bit 6 is the sign. */
export function signedLeb128(value: number): number[] {
  const bytes = leb128(value);
  const last = bytes.at(-1)!;
  return last < 0x40 ? bytes : [...bytes.slice(0, -1), last | 0x80, 0];
}

/** The bytes after all edits, which must not overlap. */
export function applyEdits(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const result = new Uint8Array(edits.reduce((length, edit) => length + growthOf(edit), bytes.length));
  let from = 0;
  let to = 0;
  // The sort is stable: what was put in at one position stays in the order in which it came.
  for (const edit of [...edits].sort((a, b) => a.span.start - b.span.start)) {
    result.set(bytes.subarray(from, edit.span.start), to);
    to += edit.span.start - from;
    result.set(edit.bytes, to);
    to += edit.bytes.length;
    from = edit.span.end;
  }
  result.set(bytes.subarray(from), to);
  return result;
}

function growthOf({ span, bytes }: Edit): number {
  return bytes.length - (span.end - span.start);
}
