import type { TypeIndex, TypeNode } from '../plan/plan.ts';
import { lowerCamel } from './names.ts';
import { isOfScalar } from './scalars.ts';

/** What does not fit, and where. */
type Found = { readonly path: string; readonly expected: string; readonly value: unknown } | undefined;

/** Says what was expected where a resource is none that may be passed; undefined where it may. */
export type LookAtResource = (
  type: TypeNode & { readonly kind: 'own' | 'borrow' },
  value: unknown,
) => string | undefined;

/** Arguments that do not fit their types; the message says where. */
export class Misfit extends TypeError {}

/**
 * Says where a value of the host's does not fit its type: `lines[2].price: expected a f64, got a string`. It looks at the value
 * again, after a codec has refused it: so that a call which fits pays nothing for the words.
 *
 * @param at What the value is, `args[0]`; empty for the value itself.
 * @param look Looks at the resources. @default any object may be one
 * @returns undefined when it fits as far as types go: then it was a resource that is not one, or a length.
 */
export function misfit(
  types: readonly TypeNode[],
  type: TypeIndex,
  value: unknown,
  at = '',
  look: LookAtResource = anyObject,
): string | undefined {
  const found = find(types, type, value, at, look);
  if (found === undefined) return undefined;
  const { path, expected, value: got } = found;
  return `${path === '' ? '' : `${path}: `}expected ${expected}, got ${shown(got)}`;
}

function find(types: readonly TypeNode[], index: TypeIndex, value: unknown, path: string, look: LookAtResource): Found {
  const type = types[index]!;
  const wrong = (expected: string): Found => ({ path, expected, value });
  switch (type.kind) {
    case 'record':
      if (!isObject(value)) return wrong('an object');
      return first(type.fields, ({ name, type: field }) => {
        const key = lowerCamel(name);
        return find(types, field, value[key], path === '' ? key : `${path}.${key}`, look);
      });
    case 'tuple':
      if (!Array.isArray(value)) return wrong(`an array of ${type.elements.length} elements`);
      return first(type.elements, (element, place) => find(types, element, value[place], `${path}[${place}]`, look));
    case 'list': {
      if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && 'length' in value)) return wrong('an array');
      const list = value as ArrayLike<unknown>;
      if (type.length !== undefined && list.length !== type.length) return wrong(`an array of ${type.length} elements`);
      return first(list, (element, place) => find(types, type.element, element, `${path}[${place}]`, look));
    }
    case 'option':
      if (types[type.some]!.kind === 'option') {
        return tagged(types, [{ name: 'none' }, { name: 'some', type: type.some }], value, path, look);
      }
      return value === undefined || value === null ? undefined : find(types, type.some, value, path, look);
    case 'variant':
      return tagged(types, type.cases, value, path, look);
    case 'result':
      return tagged(types, [caseOf('ok', type.ok), caseOf('err', type.error)], value, path, look);
    case 'enum':
      return type.names.includes(value as string) ? undefined : wrong(`one of ${list(type.names)}`);
    case 'flags':
      return isObject(value) ? undefined : wrong('an object of booleans');
    case 'string':
      if (typeof value !== 'string') return wrong('a string');
      return value.isWellFormed() ? undefined : wrong('a string without half of a surrogate pair');
    case 'own':
    case 'borrow': {
      const expected = look(type as Parameters<LookAtResource>[0], value);
      return expected === undefined ? undefined : wrong(expected);
    }
    default:
      return isOfScalar(type.kind, value) ? undefined : wrong(`a ${type.kind}`);
  }
}

interface Case {
  readonly name: string;
  readonly type?: TypeIndex;
}

function caseOf(name: string, type: TypeIndex | undefined): Case {
  return type === undefined ? { name } : { name, type };
}

function tagged(
  types: readonly TypeNode[],
  cases: readonly Case[],
  value: unknown,
  path: string,
  look: LookAtResource,
): Found {
  const { tag, val } = (isObject(value) ? value : {}) as { readonly tag?: unknown; readonly val?: unknown };
  const taken = cases.find(({ name }) => name === tag);
  if (taken === undefined) return { path, expected: `an object whose \`tag\` is ${list(cases.map(nameOf))}`, value };
  return taken.type === undefined ? undefined : find(types, taken.type, val, path === '' ? 'val' : `${path}.val`, look);
}

function anyObject(_type: TypeNode, value: unknown): string | undefined {
  return isObject(value) ? undefined : 'a resource';
}

function nameOf({ name }: Case): string {
  return name;
}

/** The first misfit among many. */
function first<Item>(items: ArrayLike<Item>, look: (item: Item, place: number) => Found): Found {
  for (let place = 0; place < items.length; place++) {
    const found = look(items[place]!, place);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function list(names: readonly string[]): string {
  const shownNames = names.slice(0, 8).map((name) => `'${name}'`);
  if (names.length > 8) shownNames.push('…');
  return shownNames.join(', ');
}

function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'an array' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}
