import { Buffer, isUtf8 } from 'node:buffer';
import type { TallyState } from '../batch/file/tally.ts';
import { NEWLINE } from '../block/json-marks.ts';
import { type ChunkLines, FORM } from './chunk.ts';
import { isCount, isErrorCode, isObject } from './incoming.ts';
import { type ChunkPiece, rangeOf, together } from './piece.ts';
import { queueFailure } from './redis.ts';
import { parsed, ResultLines } from './result-lines.ts';

/** What is asked of the lines of a chunk. */
export type Asked = Pick<ChunkLines, 'output' | 'letters' | 'firstIndex' | 'count'>;

/**
 * What became of the records of a chunk, of all of them: pieces that another program has written are looked at before
 * any of their lines is written.
 *
 * @param pieces By the fields of {@link fieldOf}.
 * @returns The output is valid until the next call.
 * @throws {PluginError} `ERR_BATCH_QUEUE`.
 */
export function toPiece(pieces: Readonly<Record<string, Buffer>>, asked: Asked): ChunkPiece {
  const found = Object.entries(pieces).map(([field, bytes]) => split(field, bytes) ?? refuse(asked));
  found.sort((a, b) => a.from - b.from);
  let end = 0;
  for (const { from, count } of found) {
    if (from !== end) refuse(asked);
    end += count;
  }
  if (end !== asked.count) refuse(asked);
  const whole = together(found, inScratch);
  return isSound(whole, asked) ? whole : refuse(asked);
}

/** One after the other, each as large as a chunk: memory of their own would have the collector of garbage run all the time. */
let scratch = Buffer.allocUnsafeSlow(64 * 1024);

function inScratch(parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (scratch.length < length) scratch = Buffer.allocUnsafeSlow(Math.max(length, scratch.length * 2));
  let at = 0;
  for (const part of parts) {
    scratch.set(part, at);
    at += part.length;
  }
  return scratch.subarray(0, length);
}

function refuse({ firstIndex, count }: Asked): never {
  throw queueFailure(
    `Redis has results of records ${firstIndex} to ${firstIndex + count - 1} that are none`,
    undefined,
    'A worker of another version may have written them, or somebody else. Mend that, purge the batch, and submit it anew.',
  );
}

/** A piece as far as it can be taken apart. */
function split(field: string, bytes: Buffer): ChunkPiece | undefined {
  const range = rangeOf(field);
  const newline = bytes.indexOf(NEWLINE);
  const head = newline === -1 ? undefined : parsed(bytes.toString('utf8', 0, newline));
  if (range === undefined || head === undefined || head.form !== FORM) return undefined;
  const { counts, malformed, output } = head;
  if (!isTally(counts) || !isMalformed(malformed) || !isCount(output)) return undefined;
  const start = newline + 1;
  const letters = bytes.subarray(start + output);
  if (start + output > bytes.length || !isUtf8(letters)) return undefined;
  if (letters.length > 0 && letters.at(-1) !== NEWLINE) return undefined;
  return {
    ...range,
    counts,
    malformed,
    output: bytes.subarray(start, start + output),
    letters: letters.length === 0 ? [] : letters.toString('utf8', 0, letters.length - 1).split('\n'),
  };
}

function isTally(value: unknown): value is TallyState {
  if (!isObject(value) || !isObject(value.errors)) return false;
  const { succeeded, refused, failed, malformed, poison, unlucky, errors } = value;
  if (![succeeded, refused, failed, malformed, poison, unlucky].every(isCount)) return false;
  return Object.entries(errors as object).every(([code, times]) => isErrorCode(code) && isCount(times));
}

function isMalformed(value: unknown): value is ChunkPiece['malformed'] {
  return (
    Array.isArray(value) &&
    value.every(
      (entry) => Array.isArray(entry) && entry.length === 2 && isCount(entry[0]) && typeof entry[1] === 'string',
    )
  );
}

function isSound({ counts, output, letters, malformed, count }: ChunkPiece, asked: Asked): boolean {
  const { succeeded, refused, failed } = counts;
  if (succeeded + refused + failed !== count) return false;
  const errors = Object.values(counts.errors).reduce((sum, times) => sum + times, 0);
  if (errors !== failed || counts.malformed > failed || malformed.length !== counts.malformed) return false;
  if ((counts.poison ?? 0) + (counts.unlucky ?? 0) > failed) return false;
  if (letters.length !== (asked.letters === 'yes' ? refused + failed : 0)) return false;
  if (!letters.every((letter) => isLetter(letter, asked))) return false;
  const bytes = Buffer.from(output.buffer, output.byteOffset, output.length);
  if (asked.output === 'lines') return isUtf8(bytes) && linesIn(bytes) === count;
  const lines = new ResultLines(bytes);
  if (!lines.are(asked.firstIndex, count)) return false;
  return lines.counts.succeeded === succeeded && lines.counts.refused === refused && lines.counts.failed === failed;
}

function isLetter(letter: string, { firstIndex, count }: Asked): boolean {
  const index = parsed(letter)?.index;
  return isCount(index) && index >= firstIndex && index < firstIndex + count;
}

/** Undefined where the last one does not end. */
function linesIn(bytes: Buffer): number | undefined {
  let lines = 0;
  let at = 0;
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, at)) {
    lines++;
    at = end + 1;
  }
  return at === bytes.length ? lines : undefined;
}
