import { inspect } from 'node:util';
import { PluginError } from '../errors.ts';
import { cleanLogLine } from '../text/log-line.ts';

/** The longest delay that a Node timer takes, in milliseconds. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** How an argument error shows the value it got: short, with its type. */
function show(value: unknown): string {
  if (value === null || value === undefined) return `\`${value}\``;
  const text = inspect(value, {
    depth: 0,
    maxStringLength: 40,
    maxArrayLength: 3,
    breakLength: Number.POSITIVE_INFINITY,
  });
  return `\`${text}\` (${Array.isArray(value) ? 'array' : typeof value})`;
}

/**
 * The one grammar of argument errors: "Expected `concurrency` to be a whole number from 1 to 100, got `0` (number)". It is
 * one line, also where the caller passes on names and values that it got from somebody else (invariant 11).
 *
 * @param name The option as the caller wrote it.
 * @param expectation What it should have been, to follow "to be".
 */
export function invalidArgument(name: string, expectation: string, value: unknown, hint?: string): PluginError {
  const message = cleanLogLine(`Expected \`${name}\` to be ${expectation}, got ${show(value)}`);
  return new PluginError('ERR_INVALID_ARGUMENT', message, { hint });
}

/** The bounds of a number, and what it is where nobody says. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

/** The ranges of all the fields of some options that are numbers. */
export type NumberRanges<Options> = Readonly<
  Record<
    { [Name in keyof Options & string]-?: Required<Options>[Name] extends number ? Name : never }[keyof Options &
      string],
    NumberRange
  >
>;

/** A whole number in a range, or the default where the value is undefined. */
export function wholeNumber(name: string, value: unknown, range: NumberRange): number {
  if (value === undefined) return range.default;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < range.min || value > range.max) {
    const bound = range.max === Number.MAX_SAFE_INTEGER ? `from ${range.min} up` : `from ${range.min} to ${range.max}`;
    throw invalidArgument(name, `a whole number ${bound}`, value);
  }
  return value;
}

/** A boolean, or the default where the value is undefined. */
export function flag(name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw invalidArgument(name, 'true or false', value);
  return value;
}

/** One of a few words, or the default where the value is undefined. */
export function oneOf<T extends string>(name: string, value: unknown, words: readonly T[], fallback: T): T {
  if (value === undefined) return fallback;
  if (!words.includes(value as T)) {
    throw invalidArgument(name, `one of ${words.map((word) => `'${word}'`).join(', ')}`, value);
  }
  return value as T;
}

/** A string that is not empty. */
export function nonEmptyString(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw invalidArgument(name, 'a string that is not empty', value);
  return value;
}

/** An object literal whose keys are all known: a misspelt option is an error, not a silent default. */
export function knownKeys(name: string, value: unknown, keys: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidArgument(name, 'an object', value);
  for (const key of Object.keys(value)) {
    if (!keys.includes(key)) {
      throw new PluginError('ERR_INVALID_ARGUMENT', `\`${name}\` has no option \`${cleanLogLine(key)}\``, {
        hint: `Known options: ${keys.join(', ')}.`,
      });
    }
  }
  return value as Record<string, unknown>;
}
