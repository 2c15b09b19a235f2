import { LOG_LEVELS, type PluginMetadata, type Utterance } from '../../contract/values.ts';
import { ERROR_CODES, type ErrorCode, type ErrorDetails, PluginError } from '../../errors.ts';
import { cleanLogLine } from '../../text/log-line.ts';
import type { WasmFrame } from '../../text/wasm-frame.ts';
import { COUNTERS, type Counters } from './messages.ts';
import { ProtocolError } from './unpacker.ts';

/*
 * What comes from a child may come from whoever has taken it over: each field is looked at, and put into an object of
 * our own. What does not fit ends the child.
 */

export type Fields = Readonly<Record<string, unknown>>;

/** Characters of a text that goes into an error or an event. */
const MAX_TEXT = 1024 * 1024;
/** Entries of a list: functions, imports, features. */
const MAX_ENTRIES = 1_000_000;
const MAX_CAUSES = 8;
const MAX_FRAMES = 64;

/** @throws {ProtocolError} */
export function counters(value: unknown): Counters {
  const numbers = fields(value);
  for (const name of COUNTERS) {
    const number = numbers[name];
    if (typeof number !== 'number' || !(number >= 0 && number <= Number.MAX_SAFE_INTEGER))
      throw new ProtocolError(name);
  }
  return numbers as Counters;
}

/** What is answered where the answer says nothing but that it is done. */
export function nothing(): void {}

/** @throws {ProtocolError} */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtocolError('a message that is no JSON', { cause: error });
  }
}

export function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ProtocolError('no object');
  return value as Fields;
}

export function text(value: unknown): string {
  if (typeof value !== 'string' || value.length > MAX_TEXT) throw new ProtocolError('no text');
  return value;
}

/** A number that counts or names something. */
export function whole(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new ProtocolError('no number');
  return value;
}

/** The place of something in a list of so many. */
export function below(value: unknown, length: number): number {
  const index = whole(value);
  if (index >= length) throw new ProtocolError('a place beyond its list');
  return index;
}

export function optional<T>(value: unknown, check: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : check(value);
}

export function list<T>(value: unknown, check: (value: unknown) => T, most: number = MAX_ENTRIES): T[] {
  if (!Array.isArray(value) || value.length > most) throw new ProtocolError('no list');
  return value.map(check);
}

export function oneOf<T extends string>(words: readonly T[]): (value: unknown) => T {
  return (value) => {
    if (!words.includes(value as T)) throw new ProtocolError(`none of ${words.join(', ')}`);
    return value as T;
  };
}

/** A code of an error that there is. */
export function errorCode(value: unknown): ErrorCode {
  if (typeof value !== 'string' || !Object.hasOwn(ERROR_CODES, value)) throw new ProtocolError('no code of an error');
  return value as ErrorCode;
}

/** An error; which plugin and which request it is of, the host knows better. */
export function errorFrom(value: unknown, causes = 0): PluginError {
  const { code, message, hint, trap, backtrace, limit, began, cause } = fields(value);
  const details: ErrorDetails = {
    hint: optional(hint, line),
    trap: optional(trap, line) as ErrorDetails['trap'],
    backtrace: optional(backtrace, (frames) => list(frames, frame, MAX_FRAMES)),
    limit: optional(limit, (one) => {
      const { name, value: number } = fields(one);
      if (typeof number !== 'number') throw new ProtocolError('no limit');
      return { name: line(name), value: number };
    }),
    began: typeof began === 'boolean' ? began : undefined,
    cause: optional(cause, (one) => (typeof one === 'string' ? new Error(line(one)) : deeper(one, causes))),
  };
  return new PluginError(errorCode(code), line(message), details);
}

function deeper(cause: unknown, causes: number): PluginError | undefined {
  return causes < MAX_CAUSES ? errorFrom(cause, causes + 1) : undefined;
}

function line(value: unknown): string {
  return cleanLogLine(text(value));
}

function frame(value: unknown): WasmFrame {
  const { function: name, module, index, offset, file, line: row, column } = fields(value);
  return {
    ...(name !== undefined && { function: line(name) }),
    module: line(module),
    index: whole(index),
    offset: whole(offset),
    ...(file !== undefined && { file: line(file) }),
    ...(row !== undefined && { line: whole(row) }),
    ...(column !== undefined && { column: whole(column) }),
  };
}

/** What a plugin says of itself, or nothing. */
export function metadata(value: unknown): PluginMetadata | undefined {
  if (value === undefined) return undefined;
  const { name, version, description } = fields(value);
  return { name: text(name), version: text(version), description: text(description) };
}

/** What a guest said. */
export function utterance(value: unknown): Utterance {
  const { kind, level, message, type, payload } = fields(value);
  if (kind === 'log') return { kind, level: oneOf(LOG_LEVELS)(level), message: line(message) };
  if (kind === 'event') return { kind, type: line(type), payload: text(payload) };
  throw new ProtocolError('no utterance');
}
