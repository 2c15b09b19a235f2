import { knownKeys } from '../arguments/arguments.ts';
import type { BatchRequest } from '../batch/options.ts';
import type { RequestOptions } from '../contract/values.ts';
import { resolveInput, resolveRequestOptions } from '../request/request.ts';
import { jsonOf } from './body.ts';
import { type Problem, problemOf, refusal } from './problem.ts';

/** A line of a batch that is a request. */
export interface RecordLine {
  /** Its place among the lines, from 0. */
  readonly index: number;
  /** As it came, so that it goes back as it came: a string or a number. */
  readonly id: string | number | undefined;
  readonly request: BatchRequest;
}

/** One that is none. */
export interface MalformedLine extends Omit<RecordLine, 'request'> {
  readonly problem: Problem;
}

/**
 * Reads a line of a batch.
 *
 * @param text Undefined for one that was too long, or no UTF-8.
 * @param options What every request gets beside its own.
 */
export function recordOf(
  text: string | undefined,
  index: number,
  options: readonly (readonly [string, string])[],
): RecordLine | MalformedLine {
  let id: string | number | undefined;
  try {
    if (text === undefined) throw refusal(413, 'The line is too long, or not UTF-8.');
    const value = knownKeys('record', jsonOf(text), ['id', 'input', 'options']);
    if (value.id !== undefined && typeof value.id !== 'string' && typeof value.id !== 'number') {
      throw refusal(400, '`id` is a string or a number.');
    }
    id = value.id;
    const input = resolveInput({ input: value.input as string });
    const own = resolveRequestOptions(value.options as RequestOptions | undefined);
    return { index, id, request: { input, options: [...own, ...options] } };
  } catch (error) {
    return { index, id, problem: problemOf(error) };
  }
}
