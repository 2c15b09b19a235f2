import type { Written } from './written.ts';
import { NOTHING_WRITTEN } from './written.ts';

/** A point at which a run can be continued: everything that it says is in the files. */
export interface Checkpoint {
  /** The records whose results are in the output, as edges of ranges. */
  readonly done: readonly number[];
  /** What of the output, and of the dead letters, belongs to these records. */
  readonly output: Written;
  readonly deadLetter: Written;
  /** What of the input had been read, which is more than what is done. */
  readonly input: Written;
  /** What the summary has counted so far. */
  readonly tally: unknown;
}

/** What a journal says about the run that wrote it. */
export interface JournalState {
  readonly checkpoint: Checkpoint;
  /** The last one that the disk held for certain. */
  readonly synced: Checkpoint;
  /** Records below this one may have begun; 0 when the run did not keep it. */
  readonly begun: number;
}

const START: Checkpoint = {
  done: [],
  output: NOTHING_WRITTEN,
  deadLetter: NOTHING_WRITTEN,
  input: NOTHING_WRITTEN,
  tally: undefined,
};

/** Of a run that has done nothing. */
export const NOTHING: JournalState = Object.freeze({ checkpoint: START, synced: START, begun: 0 });

/**
 * A checkpoint from a file, if it is one. Whoever wrote it may have been another version, or somebody who wanted records
 * to be left out: what cannot be is not believed (what the files hold is compared with it besides).
 */
export function toCheckpoint(value: object): Checkpoint | undefined {
  const { done, output, deadLetter, input, tally } = value as Partial<Checkpoint>;
  if (!isEdges(done) || !isWritten(output) || !isWritten(deadLetter) || !isWritten(input)) return undefined;
  if (!isTally(tally) || (tally === undefined ? 0 : recordsOf(tally)) !== countOf(done)) return undefined;
  return { done, output, deadLetter, input, tally };
}

/** How many records the edges of ranges stand for. */
export function countOf(edges: readonly number[]): number {
  let count = 0;
  for (const [at, edge] of edges.entries()) count += at % 2 === 0 ? -edge : edge;
  return count;
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isWritten(value: unknown): value is Written {
  if (typeof value !== 'object' || value === null) return false;
  const { bytes, crc } = value as Partial<Written>;
  return isCount(bytes) && isCount(crc) && crc <= 0xffff_ffff && (bytes > 0 || crc === 0);
}

function isEdges(value: unknown): value is readonly number[] {
  if (!Array.isArray(value) || value.length % 2 !== 0) return false;
  return value.every((edge, at) => isCount(edge) && (at === 0 || edge > value[at - 1]));
}

/** The counts of a summary. */
interface Counts {
  readonly succeeded: number;
  readonly refused: number;
  readonly failed: number;
  readonly malformed: number;
  /** Left out by a run that had none to count. */
  readonly poison?: number;
  readonly unlucky?: number;
  readonly errors: Readonly<Record<string, number>>;
}

function isTally(value: unknown): value is Counts | undefined {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const {
    succeeded,
    refused,
    failed,
    malformed,
    poison = 0,
    unlucky = 0,
    errors,
    batch,
  } = value as Partial<Counts & { batch: unknown }>;
  if (!isCount(succeeded) || !isCount(refused) || !isCount(failed) || !isCount(malformed)) return false;
  if (!isCount(poison) || !isCount(unlucky) || poison + unlucky > failed) return false;
  if (typeof errors !== 'object' || errors === null || Array.isArray(errors)) return false;
  if (batch !== undefined && (typeof batch !== 'string' || !/^[\w-]{1,100}$/.test(batch))) return false;
  const byCode = Object.values(errors);
  return malformed <= failed && byCode.every(isCount) && byCode.reduce((sum, count) => sum + count, 0) === failed;
}

function recordsOf({ succeeded, refused, failed }: Counts): number {
  return succeeded + refused + failed;
}
