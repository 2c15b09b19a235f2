import { describeType } from '../component/describe.ts';
import { shownName } from '../component/names.ts';
import type { ExternType, FuncType, Labelled, ValueType } from '../component/types.ts';

/**
 * Where a function differs from the one that the contract asks for, as a path and both sides, for instance
 * `process: parameter req: field "input": expected string, got u32`; undefined where they are the same. Compares
 * structure and names of parameters, fields and cases, as component validation does; the names of types do not count, nor
 * whether a function is async: the engine calls and implements both kinds alike.
 */
export function funcDifference(name: string, expected: FuncType, got: ExternType): string | undefined {
  if (got.kind !== 'func') return `${name}: expected a function, got ${an(got.kind)}`;
  if (expected.params.length !== got.params.length) {
    return `${name}: expected ${count(expected.params.length, 'parameter')}, got ${got.params.length}`;
  }
  for (const [index, param] of expected.params.entries()) {
    const actual = got.params[index]!;
    if (param.name !== actual.name) {
      return `${name}: expected parameter ${index + 1} to be named ${shownName(param.name)}, got ${shownName(actual.name)}`;
    }
    const found = difference(param.type, actual.type);
    if (found !== undefined) return `${name}: parameter ${param.name}: ${found}`;
  }
  const found = optionalDifference(expected.result, got.result);
  return found === undefined ? undefined : `${name}: result: ${found}`;
}

/** Walks along the expected type, which is small, so that the other side's size does not matter. */
function difference(expected: ValueType, got: ValueType): string | undefined {
  switch (expected.kind) {
    case 'record':
      if (got.kind !== 'record') break;
      return labelledDifference('field', expected.fields, got.fields);
    case 'tuple':
      if (got.kind !== 'tuple') break;
      if (expected.elements.length !== got.elements.length) break;
      return first(
        expected.elements.map((element, index) => within(`element ${index + 1}`, element, got.elements[index])),
      );
    case 'list':
      if (got.kind !== 'list' || expected.length !== got.length) break;
      return within('list element', expected.element, got.element);
    case 'variant':
      if (got.kind !== 'variant') break;
      return casesDifference(expected.cases, got.cases);
    case 'enum':
    case 'flags':
      if (got.kind !== expected.kind) break;
      return casesDifference(expected.names.map(bare), got.names.map(bare));
    case 'own':
    case 'borrow':
      if (got.kind !== expected.kind || got.resource.name !== expected.resource.name) break;
      return undefined;
    case 'map':
      if (got.kind !== 'map') break;
      return within('key', expected.key, got.key) ?? within('value', expected.value, got.value);
    case 'stream':
    case 'future':
      if (got.kind !== expected.kind) break;
      return within('element', expected.element, got.element);
    case 'option':
      if (got.kind !== 'option') break;
      return within('some', expected.some, got.some);
    case 'result':
      if (got.kind !== 'result') break;
      return within('ok', expected.ok, got.ok) ?? within('error', expected.error, got.error);
    default:
      if (got.kind === expected.kind) return undefined;
  }
  return `expected ${describeType(expected)}, got ${describeType(got)}`;
}

function labelledDifference(what: string, expected: readonly Labelled[], got: readonly Labelled[]): string | undefined {
  for (const [index, { name, type }] of expected.entries()) {
    const actual = got[index];
    if (actual === undefined)
      return `expected ${count(expected.length, what)}, got ${got.length}: ${shownName(name)} is missing`;
    if (actual.name !== name)
      return `expected ${what} ${index + 1} to be ${shownName(name)}, got ${shownName(actual.name)}`;
    const found = within(`${what} "${name}"`, type, actual.type);
    if (found !== undefined) return found;
  }
  const extra = got[expected.length];
  if (extra === undefined) return undefined;
  return `expected ${count(expected.length, what)}, got ${got.length}: ${shownName(extra.name)} is not in the contract`;
}

interface Case {
  readonly name: string;
  readonly type: ValueType | undefined;
}

function bare(name: string): Case {
  return { name, type: undefined };
}

function casesDifference(expected: readonly Case[], got: readonly Case[]): string | undefined {
  for (const [index, { name, type }] of expected.entries()) {
    const actual = got[index];
    if (actual?.name !== name)
      return `expected case ${index + 1} to be ${shownName(name)}, got ${actual === undefined ? 'none' : shownName(actual.name)}`;
    const found = within(`case "${name}"`, type, actual.type);
    if (found !== undefined) return found;
  }
  const extra = got[expected.length];
  return (
    extra &&
    `expected ${count(expected.length, 'case')}, got ${got.length}: ${shownName(extra.name)} is not in the contract`
  );
}

function optionalDifference(expected: ValueType | undefined, got: ValueType | undefined): string | undefined {
  if (expected !== undefined && got !== undefined) return difference(expected, got);
  if (expected === got) return undefined;
  const shown = (type: ValueType | undefined) => (type === undefined ? 'nothing' : describeType(type));
  return `expected ${shown(expected)}, got ${shown(got)}`;
}

function within(path: string, expected: ValueType | undefined, got: ValueType | undefined): string | undefined {
  const found = optionalDifference(expected, got);
  return found === undefined ? undefined : `${path}: ${found}`;
}

function first(found: readonly (string | undefined)[]): string | undefined {
  return found.find((entry) => entry !== undefined);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function an(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}
