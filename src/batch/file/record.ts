import { PluginError } from '../../errors.ts';
import type { RequestOptions } from '../../protocol.ts';
import { resolveInput, resolveRequestOptions } from '../../request.ts';
import type { BatchRequest, BatchResult } from '../options.ts';
import type { Line } from './lines.ts';

/** A record of a file: a request, or why it is none. */
export type FileRecord =
  | {
      readonly line: number;
      readonly request: BatchRequest;
      /** Of a dead letter: the attempts that were made. */
      readonly attempts?: number;
    }
  | { readonly line: number; readonly malformed: string; readonly id: string | undefined; readonly text: string };

/** The form that most records have, without escapes; JSON.parse takes three times as long. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none of them in a string
const PLAIN = /^\{(?:"id":"([^"\\\u0000-\u001f]*)",)?"input":"([^"\\\u0000-\u001f]*)"\}$/;

/** Reads a line of JSON. Fields that it does not know are left alone, so that a dead letter can be run again. */
export function parseRecord({ number, ...line }: Line, options: RequestOptions): FileRecord {
  if ('problem' in line) return { line: number, malformed: line.problem, id: undefined, text: '' };
  const { text } = line;
  const plain = PLAIN.exec(text);
  if (plain !== null) {
    const [, id, input] = plain as unknown as [string, string | undefined, string];
    return { line: number, request: id === undefined ? { input, options } : { id, input, options } };
  }
  const refuse = (malformed: string, id?: unknown): FileRecord => ({
    line: number,
    malformed,
    id: typeof id === 'string' ? id : undefined,
    text,
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`it is not JSON: ${(error as SyntaxError).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('it is not an object');
  const fields = value as Readonly<Record<string, unknown>>;
  const { id, plugin } = fields;
  if (id !== undefined && typeof id !== 'string') return refuse('`id` is not a string');
  if (plugin !== undefined && (typeof plugin !== 'string' || plugin === ''))
    return refuse('`plugin` is not the name of a plugin', id);
  if (fields.input === undefined) return refuse('it has no `input`', id);
  if (typeof fields.input !== 'string') return refuse('`input` is not a string', id);
  try {
    const input = resolveInput({ input: fields.input });
    const own = fields.options === undefined ? options : resolveRequestOptions(fields.options as RequestOptions);
    const named = { ...(id !== undefined && { id }), ...(plugin !== undefined && { plugin }) };
    const attempts = typeof fields.attempts === 'number' ? { attempts: fields.attempts } : undefined;
    return { line: number, request: { input, options: own, ...named }, ...attempts };
  } catch (error) {
    return refuse((error as PluginError).message, id);
  }
}

/** Takes a line as it is for the input. */
export function plainRecord(line: Line, options: RequestOptions): FileRecord {
  if ('problem' in line) return { line: line.number, malformed: line.problem, id: undefined, text: '' };
  return { line: line.number, request: { input: line.text, options } };
}

/** The error of a record that is none. */
export function malformedError({ line, malformed }: Extract<FileRecord, { malformed: string }>): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', `Line ${line} is malformed: ${malformed}`);
}

/** The result of a record as a line of JSON. */
export function outputLine(result: BatchResult): string {
  const { id, index } = result;
  const head = id === undefined ? `{"index":${index}` : `{"id":${JSON.stringify(id)},"index":${index}`;
  if (result.ok) {
    const { output, success, errorMessage } = result;
    const message = errorMessage === undefined ? '' : `,"errorMessage":${JSON.stringify(errorMessage)}`;
    return `${head},"ok":true,"output":${JSON.stringify(output)},"success":${success}${message}}`;
  }
  const { code, message } = result.error;
  return `${head},"ok":false,"error":${JSON.stringify({ code, message })}}`;
}

/** The output alone as a line: line breaks in it are escaped, and a record without success has an empty one. */
export function plainLine(result: BatchResult): string {
  if (!result.ok || !result.success) return '';
  return result.output.replaceAll(/[\n\r]/g, (char) => (char === '\n' ? '\\n' : '\\r'));
}

/** A record without success, ready to be run again, with its line, its attempts and what went wrong. */
export function deadLetterLine(record: FileRecord, result: BatchResult): string {
  const { line } = record;
  const { index } = result;
  const outcome = result.ok
    ? { attempts: 1, errorMessage: result.errorMessage }
    : {
        attempts: result.attempts,
        error: { code: result.error.code, message: result.error.message, hint: result.error.hint },
      };
  if ('malformed' in record) return JSON.stringify({ index, line, text: record.text, ...outcome });
  const { id, plugin, input, options } = record.request;
  const attempts = (record.attempts ?? 0) + outcome.attempts;
  return JSON.stringify({ id, plugin, input, options, index, line, ...outcome, attempts });
}
