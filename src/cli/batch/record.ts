import type { BatchRequest, BatchResult } from '../../batch/options.ts';
import type { PluginError } from '../../errors.ts';
import { type ProcessRequest, resolveInput, resolveRequestOptions } from '../../request.ts';
import type { Line } from './lines.ts';

/** One line of the input as a request, or why it is none. */
export type BatchRecord =
  | { readonly line: number; readonly request: BatchRequest }
  | { readonly line: number; readonly malformed: string; readonly id: string | undefined; readonly text: string };

/** Reads a line. Fields other than `id`, `input` and `options` are left alone, so that a dead letter can be run again. */
export function parseRecord(line: Line, options: NonNullable<ProcessRequest['options']>): BatchRecord {
  const refuse = (malformed: string, text: string, id?: unknown): BatchRecord => ({
    line: line.number,
    malformed,
    id: typeof id === 'string' ? id : undefined,
    text,
  });
  if ('problem' in line) return refuse(line.problem, '');
  const { text } = line;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`it is not JSON: ${(error as SyntaxError).message}`, text);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('it is not an object', text);
  const { id, ...rest } = value as Record<string, unknown>;
  const request = rest as unknown as ProcessRequest;
  if (id !== undefined && typeof id !== 'string') return refuse('`id` is not a string', text);
  if (rest.input === undefined) return refuse('it has no `input`', text, id);
  if (typeof rest.input !== 'string') return refuse('`input` is not a string', text, id);
  try {
    const input = resolveInput(request);
    const own = request.options === undefined ? options : resolveRequestOptions(request.options);
    return { line: line.number, request: { input, options: own, ...(id !== undefined && { id }) } };
  } catch (error) {
    return refuse((error as PluginError).message, text, id);
  }
}

/** The result of a record, as the output has it. */
export function outputLine(result: BatchResult): string {
  const { id, index } = result;
  if (result.ok) {
    const { output, success, errorMessage } = result;
    return JSON.stringify({ id, index, ok: true, output, success, errorMessage });
  }
  const { code, message } = result.error;
  return JSON.stringify({ id, index, ok: false, error: { code, message } });
}

/** A record without success, ready to be run again, with its line and what went wrong. */
export function deadLetterLine(record: BatchRecord, result: BatchResult): string {
  const { line } = record;
  const outcome = result.ok
    ? { errorMessage: result.errorMessage }
    : { error: { code: result.error.code, message: result.error.message, hint: result.error.hint } };
  if ('malformed' in record) return JSON.stringify({ line, text: record.text, ...outcome });
  const { id, input, options } = record.request;
  return JSON.stringify({ id, input, options, line, ...outcome });
}
