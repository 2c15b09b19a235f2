import type { RequestOptions } from '../../contract/values.ts';
import { PluginError } from '../../errors.ts';
import { resolveRequestOptions } from '../../request/request.ts';
import type { Flight, Runnable } from '../flight.ts';
import type { LineMaker } from './lines.ts';

/** What a record says of itself. */
type Fields = Partial<
  Pick<
    FileRecord,
    'id' | 'idText' | 'plugin' | 'input' | 'options' | 'attempts' | 'plain' | 'source' | 'malformed' | 'text'
  >
>;

/** A record of a file: a request, or why it is none. One class, because there are millions of them. */
export class FileRecord implements Runnable {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly id: string | undefined;
  /** An id that is no string, as JSON: a number is not to lose its digits. */
  readonly idText: string | undefined;
  readonly plugin: string | undefined;
  readonly input: string;
  readonly options: RequestOptions;
  /** Of a dead letter: the attempts that were made. */
  readonly attempts: number;
  /** Whether its id is JSON as it is, without escapes. */
  readonly plain: boolean;
  /** What stood there, of a record that has fields of others. */
  readonly source: string | undefined;
  /** Why it is none; then `text` is what stood there. */
  readonly malformed: string | undefined;
  readonly text: string | undefined;
  /** Its place among the records, from 0. */
  index = -1;

  constructor(line: number, fields: Fields) {
    const {
      id,
      idText,
      plugin,
      input = '',
      options = [],
      attempts = 0,
      plain = false,
      source,
      malformed,
      text,
    } = fields;
    this.line = line;
    this.id = id;
    this.idText = idText;
    this.plugin = plugin;
    this.input = input;
    this.options = options;
    this.attempts = attempts;
    this.plain = plain;
    this.source = source;
    this.malformed = malformed;
    this.text = text;
  }
}

/** The form that most records have, without escapes; JSON.parse takes three times as long. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none of them in a string
const PLAIN = /^\{(?:"id":"([^"\\\u0000-\u001f]*)",)?"input":"([^"\\\u0000-\u001f]*)"\}$/;

/** What a dead letter says beside the record. */
const LETTER_FIELDS = ['index', 'line', 'attempts', 'error', 'errorMessage', 'text', 'own'] as const;

/** Reads a line of JSON. Fields that it does not know are left alone; a dead letter has them again. */
export function parseRecord(line: number, text: string, options: RequestOptions): FileRecord {
  const plain = PLAIN.exec(text);
  if (plain !== null) {
    const [, id, input] = plain as unknown as [string, string | undefined, string];
    return new FileRecord(line, { id, input, options, plain: true });
  }
  let fields: Fields = {};
  const refuse = (malformed: string): FileRecord => new FileRecord(line, { ...fields, malformed, text });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`it is not JSON: ${(error as SyntaxError).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('it is not an object');
  const { id, plugin, input, attempts, options: own, ...others } = value as Readonly<Record<string, unknown>>;
  if (typeof id === 'string') fields = { id };
  else if (id !== null && typeof id === 'object') return refuse('`id` is no string, number, boolean or null');
  else if (id !== undefined) fields = { idText: typeof id === 'number' ? digitsOf(id, text) : String(id) };
  if (plugin !== undefined && (typeof plugin !== 'string' || plugin === '')) {
    return refuse('`plugin` is not the name of a plugin');
  }
  if (input === undefined) return refuse('it has no `input`');
  if (typeof input !== 'string') return refuse('`input` is not a string');
  if (!input.isWellFormed()) return refuse('`input` has half of a surrogate pair, which is no Unicode');
  const made = typeof attempts === 'number' && Number.isSafeInteger(attempts) && attempts >= 0 ? attempts : 0;
  // Looked at again where somebody asks for it: few records fail.
  if (attempts !== undefined || Object.keys(others).length > 0) fields = { ...fields, source: text };
  try {
    const resolved = own === undefined ? options : resolveRequestOptions(own as RequestOptions);
    if (own !== undefined && !resolved.every((pair) => pair.every((part) => part.isWellFormed()))) {
      return refuse('`options` have half of a surrogate pair, which is no Unicode');
    }
    return new FileRecord(line, { ...fields, plugin, input, options: resolved, attempts: made });
  } catch (error) {
    return refuse((error as PluginError).message);
  }
}

/** Numbers of JSON have any number of digits, and those of JavaScript some 16. */
interface ExactJson {
  parse(text: string, revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
}
const exact = JSON as unknown as ExactJson;

/** JSON as values that become the same JSON again. */
function parseExactly(text: string): Readonly<Record<string, unknown>> {
  return exact.parse(text, (_, value, { source }) =>
    typeof value === 'number' && `${value}` !== source ? exact.rawJSON(source!) : value,
  ) as Readonly<Record<string, unknown>>;
}

function digitsOf(id: number, text: string): string {
  if (Number.isSafeInteger(id)) return `${id}`;
  const { id: digits } = parseExactly(text);
  return exact.isRawJSON(digits) ? digits.rawJSON : `${id}`;
}

/** The fields of a record that are not ours; those that a dead letter has too are in `own`, unless this is one. */
function othersOf(source: string): Readonly<Record<string, unknown>> {
  const { id: _, plugin: _plugin, input: _input, options: _options, ...others } = parseExactly(source);
  if (typeof others.line === 'number' && 'attempts' in others) {
    return Object.fromEntries(
      Object.entries(others).filter(([name]) => name === 'own' || !(LETTER_FIELDS as readonly string[]).includes(name)),
    );
  }
  const own = Object.entries(others).filter(([name]) => (LETTER_FIELDS as readonly string[]).includes(name));
  if (own.length === 0) return others;
  const rest = Object.entries(others).filter(([name]) => !(LETTER_FIELDS as readonly string[]).includes(name));
  return { ...Object.fromEntries(rest), own: Object.fromEntries(own) };
}

/** What the lines of a file become: JSON, or inputs as they are. */
export function recordMaker(format: 'jsonl' | 'lines', options: RequestOptions): LineMaker<FileRecord> {
  return {
    blank: format === 'lines' ? 'lines' : 'left out',
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
export function outputLine({ record: { id, idText, index, plain }, response, error }: Done): string {
  const quoted = plain ? (id === undefined ? undefined : `"${id}"`) : (idText ?? JSON.stringify(id));
  const head = quoted === undefined ? `{"index":${index}` : `{"id":${quoted},"index":${index}`;
  if (error !== undefined) {
    const { code, message } = error;
    return `${head},"ok":false,"error":${JSON.stringify({ code, message })}}`;
  }
  const { output, success, errorMessage } = response!;
  const message = errorMessage === undefined ? '' : `,"errorMessage":${JSON.stringify(errorMessage)}`;
  return `${head},"ok":true,"output":${JSON.stringify(output)},"success":${success}${message}}`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' };

/**
 * The output alone as a line: a line break in it becomes `\\n`, and a backslash two, so that it can be told what stood
 * there. A record without success has an empty one.
 */
export function plainLine({ response }: Done): string {
  if (!response?.success) return '';
  return response.output.replaceAll(/[\\\n\r]/g, (char) => ESCAPES[char]!);
}

/** A record without success, ready to be run again, with its line, its attempts and what went wrong. */
export function deadLetterLine({ record, response, error, attempts: made }: Done): string {
  const { plugin, input, options, index, line, malformed, text, idText, source } = record;
  const id = idText === undefined ? record.id : exact.rawJSON(idText);
  const attempts = record.attempts + made;
  const outcome =
    error === undefined
      ? { errorMessage: response?.errorMessage }
      : { error: { code: error.code, message: error.message, hint: error.hint } };
  if (malformed !== undefined) return JSON.stringify({ id, index, line, text, attempts, ...outcome });
  const others = source === undefined ? undefined : othersOf(source);
  return JSON.stringify({ id, plugin, input, options, ...others, index, line, attempts, ...outcome });
}
