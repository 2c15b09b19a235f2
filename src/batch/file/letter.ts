import { isCount } from '../journal/state.ts';
import type { Failures } from '../verdict.ts';
import { membersOf, objectOf } from './json-text.ts';

/** What a dead letter says beside the record. Fields of a record that are called so are in its `own`. */
const LETTER_NAMES: ReadonlySet<string> = new Set([
  'index',
  'line',
  'file',
  'attempts',
  'failures',
  'verdict',
  'error',
  'errorMessage',
  'text',
  'base64',
  'own',
]);

/** Whether a record of a file is a dead letter that a run has written. */
export function isLetter(value: object): value is { readonly attempts: number } {
  const { index, line, attempts, error, errorMessage } = value as Readonly<Record<string, unknown>>;
  if (!isCount(index) || !isCount(line) || !isCount(attempts)) return false;
  return isFailure(error) || typeof errorMessage === 'string' || errorMessage === null;
}

function isFailure(error: unknown): error is { readonly code: string; readonly message: string } {
  if (typeof error !== 'object' || error === null || !('code' in error && 'message' in error)) return false;
  return typeof error.code === 'string' && typeof error.message === 'string';
}

/** What a letter says of the attempts that were made. */
export interface EarlierAttempts {
  readonly attempts: number;
  readonly failures: Failures | undefined;
}

/** What a letter says of the attempts that were made, as far as that is something. */
export function earlierOf(letter: { readonly attempts: number; readonly failures?: unknown }): EarlierAttempts {
  const { attempts, failures } = letter;
  const counted = Object.entries(typeof failures === 'object' && failures !== null ? failures : {});
  const sound = counted.length > 0 && counted.every(([code, count]) => /^ERR_[A-Z0-9_]+$/.test(code) && isCount(count));
  return { attempts, failures: sound ? Object.fromEntries(counted) : undefined };
}

/** The record that a letter is of, as it came; where that was none, what stood there. */
export function recordOfLetter(letter: object, text: string): string {
  const { text: stood } = letter as Readonly<Record<string, unknown>>;
  if (typeof stood === 'string' && whyNone(letter) !== undefined) return stood;
  const members = membersOf(text);
  const own = membersOf(members.get('own') ?? '{}');
  return objectOf([...[...members].filter(([name]) => !LETTER_NAMES.has(name)), ...own]);
}

/** What a letter says of why there was no record. */
export function whyNone(letter: object): string | undefined {
  const { error } = letter as Readonly<Record<string, unknown>>;
  return isFailure(error) ? /^[^\n]*?\d is malformed: (.*)$/s.exec(error.message)?.[1] : undefined;
}

/** What stood where there is no record, in base64: as long as nobody has put a record in its place. */
export function bytesOfLetter(letter: object): string | undefined {
  const { base64, text, input, own } = letter as Readonly<Record<string, unknown>>;
  const mended = text !== undefined || input !== undefined || own !== undefined;
  return typeof base64 === 'string' && !mended ? base64 : undefined;
}

/** Fields of a record beside what is said of it: those that would be taken for that are in `own`. */
export function besides(
  members: ReadonlyMap<string, string>,
  taken: { has(name: string): boolean } = LETTER_NAMES,
): [string, string][] {
  const others = [...members].filter(([name]) => !taken.has(name));
  const own = [...members].filter(([name]) => taken.has(name));
  return own.length === 0 ? others : [...others, ['own', objectOf(own)]];
}
