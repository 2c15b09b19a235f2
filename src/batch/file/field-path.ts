import { invalidArgument } from '../../arguments/arguments.ts';
import { elementsOf, membersOf } from './json-text.ts';

/** Where a field of a record stands. */
export interface FieldPath {
  /** As it was given; of CSV, the name of the column. */
  readonly text: string;
  /** Names of members, and places in arrays. */
  readonly steps: readonly string[];
}

const FORMS = 'a path such as `body.text`, `lines.0` or, as a JSON Pointer, `/body/text`';
/** A place in an array. */
const PLACE = /^(?:0|[1-9]\d{0,14})$/;

/**
 * Reads a path: a JSON Pointer (RFC 6901) where it begins with a slash, else names with dots between them. Like jq's it
 * may begin with a dot, and places in arrays may stand in brackets.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function toFieldPath(name: string, given: unknown): FieldPath {
  if (typeof given !== 'string' || given === '' || given === '.') throw invalidArgument(name, FORMS, given);
  if (given.startsWith('/')) {
    if (/~(?![01])/.test(given)) throw invalidArgument(name, FORMS, given);
    const steps = given.slice(1).split('/');
    return { text: given, steps: steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')) };
  }
  const steps = given
    .replace(/^\./, '')
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .split('.');
  if (steps.includes('')) throw invalidArgument(name, FORMS, given);
  return { text: given, steps };
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: unknown, { steps }: FieldPath): unknown {
  let here = value;
  for (const step of steps) {
    if (typeof here !== 'object' || here === null) return undefined;
    if (Array.isArray(here) ? !PLACE.test(step) : !Object.hasOwn(here, step)) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[step];
  }
  return here;
}

/** The same as it stands in the text of a record, which has it. */
export function textAt(text: string, { steps }: FieldPath): string {
  let here = text;
  for (const step of steps) here = membersOf(here).get(step) ?? elementsOf(here)[Number(step)]!;
  return here;
}
