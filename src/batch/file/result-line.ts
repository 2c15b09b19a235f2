import type { Flight } from '../flight.ts';
import { type Failures, type Verdict, verdictOf, withFailure } from '../verdict.ts';
import { ownNames, type RecordFields, USUAL_NAMES } from './fields.ts';
import { membersOf, objectOf } from './json-text.ts';
import { besides } from './letter.ts';
import type { FileRecord } from './record.ts';

/** A record that is done. */
export type Done = Pick<Flight<FileRecord>, 'record' | 'response' | 'error' | 'attempts'> &
  Partial<Pick<Flight<FileRecord>, 'failures'>>;

/** What a line of the output says; fields of a record that are called so are in its `own`. */
const OUTPUT_NAMES: ReadonlySet<string> = new Set([
  'id',
  'index',
  'ok',
  'output',
  'success',
  'error',
  'errorMessage',
  'own',
]);

/** The result of a record as a line of JSON. */
export function outputLine({ record, response, error }: Done): string {
  const { id, idText, index, plain } = record;
  const quoted = plain ? (id === undefined ? undefined : `"${id}"`) : (idText ?? JSON.stringify(id));
  const head = quoted === undefined ? `{"index":${index}` : `{"id":${quoted},"index":${index}`;
  const tail = record.paths?.others === 'passed on' ? passedOn(record, record.paths) : '';
  if (error !== undefined) {
    const { code, message } = error;
    return `${head},"ok":false,"error":${JSON.stringify({ code, message })}${tail}}`;
  }
  const { output, success, errorMessage } = response!;
  const message = errorMessage === undefined ? '' : `,"errorMessage":${JSON.stringify(errorMessage)}`;
  return `${head},"ok":true,"output":${JSON.stringify(output)},"success":${success}${message}${tail}}`;
}

/** The fields of a record that are somebody else's, as they came. */
function passedOn({ source }: FileRecord, paths: RecordFields): string {
  if (source === undefined) return '';
  const own = ownNames(paths);
  const others = new Map([...membersOf(source)].filter(([name]) => !own.has(name)));
  return besides(others, OUTPUT_NAMES)
    .map(([name, value]) => `,${JSON.stringify(name)}:${value}`)
    .join('');
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
export function deadLetterLine(done: Done): string {
  const { record, response, error, attempts: made } = done;
  const { index, file, line, malformed, attempts } = record;
  const outcome =
    error === undefined
      ? { errorMessage: response?.errorMessage ?? null }
      : { error: { code: error.code, message: error.message, hint: error.hint } };
  const place = { index, ...(file !== undefined && { file }), line };
  const members = malformed === undefined ? asItCame(record) : [...idMember(record), ...stoodMembers(record)];
  const failures = failuresOf(done);
  const how = Object.keys(failures).length === 0 ? {} : { failures };
  const said = Object.entries({ ...place, attempts: attempts + made, ...how, verdict: verdictOn(done), ...outcome });
  return objectOf([...members, ...said.map(([name, value]): [string, string] => [name, JSON.stringify(value)])]);
}

function stoodMembers({ text, base64 }: FileRecord): [string, string][] {
  const stood = Object.entries({ text, base64 });
  return stood.flatMap(([name, value]) => (value === undefined ? [] : [[name, JSON.stringify(value)]]));
}

/** How a record has failed so far, in earlier runs too. */
function failuresOf({ record, error, failures }: Done): Failures {
  if (failures === undefined)
    return error === undefined ? (record.failures ?? {}) : withFailure(record.failures, error);
  const all: Record<string, number> = { ...record.failures };
  for (const [code, count] of Object.entries(failures)) all[code] = (all[code] ?? 0) + count;
  return all;
}

/** Why a record is without success. */
export function verdictOn(done: Done): Verdict {
  const { record, error } = done;
  if (record.malformed !== undefined) return 'malformed';
  return error === undefined ? 'refused' : verdictOf(error, failuresOf(done));
}

/** The fields of a record, or what they would be in one of the usual form. */
function asItCame(record: FileRecord): [string, string][] {
  const { plugin, input, options, source, paths } = record;
  const members = source === undefined ? new Map<string, string>() : membersOf(source);
  if (paths !== undefined) return besides(members);
  const usual: [string, unknown][] = [
    ['plugin', plugin],
    ['input', input],
    ['options', options],
  ];
  return [
    ...idMember(record),
    ...usual.flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, JSON.stringify(value)]],
    ),
    ...besides(new Map([...members].filter(([name]) => !USUAL_NAMES.has(name)))),
  ];
}

function idMember({ id, idText }: FileRecord): [string, string][] {
  const text = idText ?? (id === undefined ? undefined : JSON.stringify(id));
  return text === undefined ? [] : [['id', text]];
}
