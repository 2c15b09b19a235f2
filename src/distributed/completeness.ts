import type { Chunk } from './chunk.ts';
import { areAll } from './piece.ts';

/** Whether the fields of some results are those of all its records. */
export function isComplete(chunk: Chunk, done: readonly string[]): boolean {
  return 'lines' in chunk ? areAll(done, chunk.lines.count) : missingOf(chunk, done).length === 0;
}

/** The records without a result, of those that begin once; of lines, that is not asked. */
export function missingOf(chunk: Chunk, done: readonly string[]): number[] {
  const known = new Set(done);
  const indexes = 'records' in chunk ? chunk.records.map(({ index }) => index) : [];
  return indexes.filter((index) => !known.has(`${index}`));
}
