import { type Buffer, isUtf8 } from 'node:buffer';
import type { RequestOptions } from '../../contract/values.ts';
import { PluginError } from '../../errors.ts';
import { resolveRequestOptions } from '../../request/request.ts';
import { cleanLogLine } from '../../text/log-line.ts';
import type { Runnable } from '../flight.ts';
import type { Failures } from '../verdict.ts';
import { type FieldPath, textAt, valueAt } from './field-path.ts';
import { type RecordFields, USUAL_FIELDS, USUAL_NAMES } from './fields.ts';
import { bytesOfLetter, type EarlierAttempts, earlierOf, isLetter, recordOfLetter } from './letter.ts';
import { type LineMaker, NO_TEXT } from './lines.ts';

/** What a record says of itself. */
type Fields = {
  readonly [Name in keyof Omit<FileRecord, 'line' | 'file' | 'index' | 'ordinal'>]?: FileRecord[Name] | undefined;
};

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
  /** Of a dead letter: the attempts that were made, and how they failed. */
  readonly attempts: number;
  readonly failures: Failures | undefined;
  /** Whether its id is JSON as it is, without escapes. */
  readonly plain: boolean;
  /** What stood there, of a record that has fields of others. */
  readonly source: string | undefined;
  /** Where its fields stand, unless that is as usual; then `source` is there. */
  readonly paths: RecordFields | undefined;
  /** Why it is none; then `text` is what stood there, or `base64` where that is no text. */
  readonly malformed: string | undefined;
  readonly text: string | undefined;
  readonly base64: string | undefined;
  /** The input that has it, where there are several. */
  file: string | undefined;
  /** Its place among the records, from 0. */
  index = -1;
  /** Its place among those of them that run. */
  ordinal = -1;

  constructor(line: number, fields: Fields) {
    const {
      id,
      idText,
      plugin,
      input = '',
      options = [],
      attempts = 0,
      failures,
      plain = false,
      source,
      paths,
      malformed,
      text,
      base64,
    } = fields;
    this.line = line;
    this.id = id;
    this.idText = idText;
    this.plugin = plugin;
    this.input = input;
    this.options = options;
    this.attempts = attempts;
    this.failures = failures;
    this.plain = plain;
    this.source = source;
    this.paths = paths;
    this.malformed = malformed;
    this.text = text;
    this.base64 = base64;
  }
}

/** The form that most records have, without escapes; JSON.parse takes three times as long. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none of them in a string
const PLAIN = /^\{(?:"id":"([^"\\\u0000-\u001f]*)",)?"input":"([^"\\\u0000-\u001f]*)"\}$/;

/**
 * Reads a line of JSON. Fields that it does not know are left alone; a dead letter has them again. A dead letter is read
 * as the record that it is of.
 *
 * @param earlier What a letter says of it that it was taken out of.
 */
export function parseRecord(
  line: number,
  text: string,
  options: RequestOptions,
  fields: RecordFields = USUAL_FIELDS,
  earlier?: EarlierAttempts,
): FileRecord {
  const plain = fields === USUAL_FIELDS ? PLAIN.exec(text) : null;
  if (plain !== null) {
    const [, id, input] = plain as unknown as [string, string | undefined, string];
    return new FileRecord(line, { id, input, options, ...earlier, plain: true });
  }
  const none = (malformed: string): FileRecord => new FileRecord(line, { malformed, text, ...earlier });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return none(`it is not JSON: ${(error as SyntaxError).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return none('it is not an object');
  if (earlier === undefined && isLetter(value)) {
    const base64 = bytesOfLetter(value);
    if (base64 !== undefined) return new FileRecord(line, { malformed: NO_TEXT, base64, ...earlierOf(value) });
    return parseRecord(line, recordOfLetter(value, text), options, fields, earlierOf(value));
  }
  return readFields(line, value, text, options, fields, earlier);
}

function readFields(
  line: number,
  value: object,
  text: string,
  options: RequestOptions,
  paths: RecordFields,
  earlier: EarlierAttempts | undefined,
): FileRecord {
  let fields: Fields = { ...earlier };
  // Looked at again where somebody asks for it: few records fail.
  if (paths !== USUAL_FIELDS) fields = { ...fields, source: text, paths };
  else if (Object.keys(value).some((name) => !USUAL_NAMES.has(name))) fields = { ...fields, source: text };
  const refuse = (malformed: string): FileRecord => new FileRecord(line, { ...fields, malformed, text });
  const id = paths.id && valueAt(value, paths.id);
  if (typeof id === 'string') fields = { ...fields, id };
  else if (id !== null && typeof id === 'object') {
    return refuse(`\`${paths.id!.text}\` is no string, number, boolean or null`);
  } else if (id !== undefined) fields = { ...fields, idText: textAt(text, paths.id!).trim() };
  else if (paths.idIs === 'needed') return refuse(missing(value, paths.id!));
  const plugin = paths.plugin && valueAt(value, paths.plugin);
  if (plugin !== undefined && (typeof plugin !== 'string' || plugin === '')) {
    return refuse(`\`${paths.plugin!.text}\` is not the name of a plugin`);
  }
  const input = valueAt(value, paths.input);
  if (input === undefined) return refuse(missing(value, paths.input));
  if (typeof input !== 'string') return refuse(`\`${paths.input.text}\` is not a string`);
  if (!input.isWellFormed()) {
    return refuse(`\`${paths.input.text}\` has half of a surrogate pair, which is no Unicode`);
  }
  const own = paths.options && valueAt(value, paths.options);
  try {
    const resolved = own === undefined ? options : resolveRequestOptions(own as RequestOptions);
    return new FileRecord(line, { ...fields, plugin, input, options: resolved });
  } catch (error) {
    return refuse((error as PluginError).message);
  }
}

function missing(value: object, { text }: FieldPath): string {
  const dotted = Object.hasOwn(value, text) ? `; for the field with dots in its name say \`/${text}\`` : '';
  return `it has no \`${text}\`${dotted}`;
}

/** What the lines of a file become: JSON, or inputs as they are. */
export function recordMaker(
  format: 'jsonl' | 'lines',
  options: RequestOptions,
  fields: RecordFields = USUAL_FIELDS,
): LineMaker<FileRecord> {
  return {
    blank: format === 'lines' ? 'lines' : 'left out',
    line: (number, text) =>
      format === 'jsonl'
        ? parseRecord(number, text, options, fields)
        : new FileRecord(number, { input: text, options }),
    problem: (number, malformed, bytes) =>
      new FileRecord(number, { malformed, ...(bytes === undefined ? { text: '' } : whatStood(bytes)) }),
  };
}

/** What stood where there is no record, for its letter. */
export function whatStood(bytes: Buffer): { readonly text: string } | { readonly base64: string } {
  return isUtf8(bytes) ? { text: bytes.toString('utf8') } : { base64: bytes.toString('base64') };
}

/** The error of a record that is none. */
export function malformedError(record: FileRecord): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', `${placeOf(record)} is malformed: ${record.malformed}`);
}

/** Where a record stands, as errors say it: `Line 7`, or `logs/b.jsonl:7` where there are several inputs. */
export function placeOf({ line, file }: Pick<FileRecord, 'line' | 'file'>): string {
  return file === undefined ? `Line ${line}` : `${cleanLogLine(file)}:${line}`;
}
