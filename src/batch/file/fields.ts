import { flag, knownKeys } from '../../arguments/arguments.ts';
import { type FieldPath, toFieldPath } from './field-path.ts';
import { type InputFormat, isOfJson } from './format.ts';

/**
 * Where the fields of a record stand: a path with dots (`body.text`, `lines.0`), or a JSON Pointer (`/body/text`), which
 * reaches names that have dots themselves. Of CSV, the name of a column.
 *
 * @example
 * // {"body": {"text": "…"}, "key": "r-1"}
 * const fields: RecordFieldsOptions = { input: 'body.text', id: 'key' };
 * await engine.batchFiles({ plugin: 'redact', input: 'in.jsonl', output: 'out.jsonl', fields });
 */
export interface RecordFieldsOptions {
  /** What the plugin gets, a string. A record without it is an error of that record. @default 'input' */
  readonly input?: string;
  /**
   * What comes back with the result. Named here, a record without it is an error of that record; `false` for none.
   *
   * @default 'id', of the records that have it
   */
  readonly id?: string | false;
  /** The options, of the records that have it; `false` for none. @default 'options' */
  readonly options?: string | false;
  /** The plugin that gets it, of the records that have it; `false` for none. @default 'plugin' */
  readonly plugin?: string | false;
}

/** The same with nothing left out. */
export interface RecordFields {
  readonly input: FieldPath;
  readonly id: FieldPath | undefined;
  /** Whether each record has to have one. */
  readonly idIs: 'needed' | 'welcome';
  readonly options: FieldPath | undefined;
  readonly plugin: FieldPath | undefined;
  /** Whether the other fields are in the output. */
  readonly others: 'passed on' | 'left out';
}

const KEYS = ['input', 'id', 'options', 'plugin'] as const satisfies readonly (keyof RecordFieldsOptions)[];

const at = (name: string): FieldPath => ({ text: name, steps: [name] });

/** Where they stand unless somebody says something else. */
export const USUAL_FIELDS: RecordFields = Object.freeze({
  input: at('input'),
  id: at('id'),
  idIs: 'welcome',
  options: at('options'),
  plugin: at('plugin'),
  others: 'left out',
});

/** Checks where fields stand and fills in what is left out. Gives {@link USUAL_FIELDS} itself where all is as usual. */
export function resolveFields(fields: RecordFieldsOptions = {}, passFields?: boolean): RecordFields {
  knownKeys('fields', fields, KEYS);
  const others = flag('passFields', passFields, false) ? 'passed on' : 'left out';
  const { input, id, options, plugin } = fields;
  if (others === 'left out' && KEYS.every((key) => fields[key] === undefined)) return USUAL_FIELDS;
  const path = (key: keyof RecordFieldsOptions, given: string | false | undefined): FieldPath | undefined =>
    given === false ? undefined : given === undefined ? USUAL_FIELDS[key] : toFieldPath(`fields.${key}`, given);
  return Object.freeze({
    input: input === undefined ? USUAL_FIELDS.input : toFieldPath('fields.input', input),
    id: path('id', id),
    idIs: typeof id === 'string' ? 'needed' : 'welcome',
    options: path('options', options),
    plugin: path('plugin', plugin),
    others,
  });
}

/** The fields at the top of a record that are one of these; the others are somebody else's. */
export function ownNames({ input, id, options, plugin }: RecordFields): ReadonlySet<string> {
  return new Set([input, id, options, plugin].flatMap((path) => (path?.steps.length === 1 ? [path.steps[0]!] : [])));
}

export const USUAL_NAMES: ReadonlySet<string> = ownNames(USUAL_FIELDS);

/** Where the fields of dead letters stand: what was no JSON has become a record of the usual form. */
export function fieldsOfLetters(fields: RecordFields, format: InputFormat): RecordFields {
  if (isOfJson(format)) return fields;
  return fields.others === 'passed on' ? { ...USUAL_FIELDS, others: fields.others } : USUAL_FIELDS;
}
