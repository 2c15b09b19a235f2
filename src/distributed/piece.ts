import { Buffer } from 'node:buffer';
import type { Piece } from '../batch/file/pieces.ts';
import { FORM } from './chunk.ts';

/** What became of records that follow each other. */
export interface ChunkPiece extends Piece {
  /** The first of them, counted in the chunk. */
  readonly from: number;
  /** Lines that are no records, and why. */
  readonly malformed: readonly (readonly [line: number, reason: string])[];
}

/** What a piece says of itself, before its lines. */
interface PieceHead {
  readonly form: typeof FORM;
  readonly counts: Piece['counts'];
  readonly malformed: ChunkPiece['malformed'];
  /** Bytes of its results; the dead letters come after them, a line each. */
  readonly output: number;
}

/** Which records of a chunk a piece has, by the field under which Redis keeps it. */
export interface Range {
  readonly from: number;
  readonly count: number;
}

export function fieldOf({ from, count }: Range): string {
  return `${from}+${count}`;
}

/** Undefined for what is no such field. */
export function rangeOf(field: string): Range | undefined {
  const [, from, count] = /^(0|[1-9]\d{0,14})\+([1-9]\d{0,14})$/.exec(field) ?? [];
  return from === undefined ? undefined : { from: Number(from), count: Number(count) };
}

/** The ranges among some fields, in their order. */
export function rangesOf(fields: Iterable<string>): Range[] {
  const ranges = Array.from(fields, rangeOf).filter((range) => range !== undefined);
  return ranges.sort((a, b) => a.from - b.from);
}

/** Whether pieces have all of so many records. */
export function areAll(fields: Iterable<string>, count: number): boolean {
  let end = 0;
  for (const range of rangesOf(fields)) if (range.from <= end) end = Math.max(end, range.from + range.count);
  return end >= count;
}

/** The same as few pieces as there can be: those that touch become one. */
export function joined(pieces: readonly ChunkPiece[]): ChunkPiece[] {
  const runs: ChunkPiece[][] = [];
  let end = -1;
  for (const piece of [...pieces].sort((a, b) => a.from - b.from)) {
    if (piece.from === end) runs.at(-1)!.push(piece);
    else runs.push([piece]);
    end = piece.from + piece.count;
  }
  return runs.map((run) => (run.length === 1 ? run[0]! : together(run)));
}

/**
 * Pieces that touch, as one.
 *
 * @param concat Makes one of their bytes.
 */
export function together(
  pieces: readonly ChunkPiece[],
  concat: (bytes: readonly Uint8Array[]) => Buffer = Buffer.concat,
): ChunkPiece {
  const counts = { succeeded: 0, refused: 0, failed: 0, malformed: 0, poison: 0, unlucky: 0 };
  const errors: Record<string, number> = {};
  for (const piece of pieces) {
    for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += piece.counts[key] ?? 0;
    for (const [code, times] of Object.entries(piece.counts.errors)) errors[code] = (errors[code] ?? 0) + times;
  }
  return {
    from: pieces[0]!.from,
    count: pieces.reduce((sum, { count }) => sum + count, 0),
    output: concat(pieces.map(({ output }) => output)),
    letters: pieces.flatMap(({ letters }) => letters),
    malformed: pieces.flatMap(({ malformed }) => malformed),
    counts: { ...counts, errors },
  };
}

export function encodePiece({ counts, malformed, output, letters }: ChunkPiece): Buffer {
  const head: PieceHead = { form: FORM, counts, malformed, output: output.length };
  const tail = letters.map((letter) => `${letter}\n`).join('');
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), output, Buffer.from(tail)]);
}
