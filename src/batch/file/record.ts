import type { RequestOptions } from '../../contract/values.ts';
import { PluginError } from '../../errors.ts';
import { resolveRequestOptions } from '../../request/request.ts';
import type { Flight, Runnable } from '../flight.ts';
import type { LineMaker } from './lines.ts';

/** What a record says of itself. */
type Fields = Partial<
  Pick<FileRecord, 'id' | 'plugin' | 'input' | 'options' | 'attempts' | 'plain' | 'malformed' | 'text'>
>;

/** A record of a file: a request, or why it is none. One class, because there are millions of them. */
export class FileRecord implements Runnable {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly id: string | undefined;
  readonly plugin: string | undefined;
  readonly input: string;
  readonly options: RequestOptions;
  /** Of a dead letter: the attempts that were made. */
  readonly attempts: number;
  /** Whether its id is JSON as it is, without escapes. */
  readonly plain: boolean;
  /** Why it is none; then `text` is what stood there. */
  readonly malformed: string | undefined;
  readonly text: string | undefined;
  /** Its place among the records, from 0. */
  index = -1;

  constructor(line: number, fields: Fields) {
    const { id, plugin, input = '', options = [], attempts = 0, plain = false, malformed, text } = fields;
    this.line = line;
    this.id = id;
    this.plugin = plugin;
    this.input = input;
    this.options = options;
    this.attempts = attempts;
    this.plain = plain;
    this.malformed = malformed;
    this.text = text;
  }
}

/** The form that most records have, without escapes; JSON.parse takes three times as long. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none of them in a string
const PLAIN = /^\{(?:"id":"([^"\\\u0000-\u001f]*)",)?"input":"([^"\\\u0000-\u001f]*)"\}$/;

/** Reads a line of JSON. Fields that it does not know are left alone, so that a dead letter can be run again. */
export function parseRecord(line: number, text: string, options: RequestOptions): FileRecord {
  const plain = PLAIN.exec(text);
  if (plain !== null) {
    const [, id, input] = plain as unknown as [string, string | undefined, string];
    return new FileRecord(line, { id, input, options, plain: true });
  }
  const refuse = (malformed: string, id?: unknown): FileRecord =>
    new FileRecord(line, { malformed, text, id: typeof id === 'string' ? id : undefined });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`it is not JSON: ${(error as SyntaxError).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('it is not an object');
  const { id, plugin, input, attempts, ...rest } = value as Readonly<Record<string, unknown>>;
  if (id !== undefined && typeof id !== 'string') return refuse('`id` is not a string');
  if (plugin !== undefined && (typeof plugin !== 'string' || plugin === ''))
    return refuse('`plugin` is not the name of a plugin', id);
  if (input === undefined) return refuse('it has no `input`', id);
  if (typeof input !== 'string') return refuse('`input` is not a string', id);
  try {
    const own = rest.options === undefined ? options : resolveRequestOptions(rest.options as RequestOptions);
    const made = typeof attempts === 'number' ? attempts : 0;
    return new FileRecord(line, { id, plugin, input, options: own, attempts: made });
  } catch (error) {
    return refuse((error as PluginError).message, id);
  }
}

/** What the lines of a file become: JSON, or inputs as they are. */
export function recordMaker(format: 'jsonl' | 'lines', options: RequestOptions): LineMaker<FileRecord> {
  return {
    line: (number, text) =>
      format === 'jsonl' ? parseRecord(number, text, options) : new FileRecord(number, { input: text, options }),
    problem: (number, malformed) => new FileRecord(number, { malformed, text: '' }),
  };
}

/** The error of a record that is none. */
export function malformedError({ line, malformed }: FileRecord): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', `Line ${line} is malformed: ${malformed}`);
}

/** A record that is done. */
export type Done = Pick<Flight<FileRecord>, 'record' | 'response' | 'error' | 'attempts'>;

/** The result of a record as a line of JSON. */
export function outputLine({ record: { id, index, plain }, response, error }: Done): string {
  const quoted = plain ? `"${id}"` : JSON.stringify(id);
  const head = id === undefined ? `{"index":${index}` : `{"id":${quoted},"index":${index}`;
  if (error !== undefined) {
    const { code, message } = error;
    return `${head},"ok":false,"error":${JSON.stringify({ code, message })}}`;
  }
  const { output, success, errorMessage } = response!;
  const message = errorMessage === undefined ? '' : `,"errorMessage":${JSON.stringify(errorMessage)}`;
  return `${head},"ok":true,"output":${JSON.stringify(output)},"success":${success}${message}}`;
}

/** The output alone as a line: line breaks in it are escaped, and a record without success has an empty one. */
export function plainLine({ response }: Done): string {
  if (!response?.success) return '';
  return response.output.replaceAll(/[\n\r]/g, (char) => (char === '\n' ? '\\n' : '\\r'));
}

/** A record without success, ready to be run again, with its line, its attempts and what went wrong. */
export function deadLetterLine({ record, response, error, attempts: made }: Done): string {
  const { id, plugin, input, options, index, line, malformed, text } = record;
  const attempts = record.attempts + made;
  const outcome =
    error === undefined
      ? { errorMessage: response?.errorMessage }
      : { error: { code: error.code, message: error.message, hint: error.hint } };
  if (malformed !== undefined) return JSON.stringify({ id, index, line, text, attempts, ...outcome });
  return JSON.stringify({ id, plugin, input, options, index, line, attempts, ...outcome });
}
