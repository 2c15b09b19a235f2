import { createHash } from 'node:crypto';
import type { FuncType, InstanceType, ResourceType, ValueType } from './types.ts';

/**
 * The first 16 hexadecimal digits of the SHA-256 of what an interface is, in a canonical form: its functions sorted by
 * name, with the names of parameters, fields and cases, and every type in full. The name and version of the interface,
 * and the names that it gives to its types, do not count. Two interfaces with the same hash are interchangeable.
 */
export function interfaceHash({ exports }: InstanceType): string {
  const digests = new Map<object, string>();
  const resources = new Map<ResourceType, string>();
  for (const [name, entity] of exports) {
    if (entity.kind === 'type' && entity.type.kind === 'resource') resources.set(entity.type, name);
  }
  const lines = [...resources.values()].map((name) => `${JSON.stringify(name)}: resource`);
  for (const [name, entity] of exports) {
    if (entity.kind === 'func') lines.push(`${JSON.stringify(name)}: ${canonicalFunc(entity, digests, resources)}`);
    else if (entity.kind !== 'type') lines.push(`${JSON.stringify(name)}: ${entity.kind}`);
  }
  return sha256(lines.sort().join('\n')).slice(0, 16);
}

/**
 * The first 8 hexadecimal digits of the SHA-256 of what passes when a function is called: the types in full, with the
 * names of fields and cases. The names of parameters, types and resources do not count; nor does which resource it is.
 */
export function signatureHash(type: FuncType): string {
  const params = type.params.map((param) => ({ name: '', type: param.type }));
  return sha256(canonicalFunc({ ...type, params }, new Map(), ANY_RESOURCE)).slice(0, 8);
}

const ANY_RESOURCE: ResourceNames = { get: () => 'resource' };

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

type Digests = Map<object, string>;
type ResourceNames = Pick<ReadonlyMap<ResourceType, string>, 'get'>;

function canonicalFunc({ async, params, result }: FuncType, digests: Digests, resources: ResourceNames): string {
  const list = params.map(({ name, type }) => `${JSON.stringify(name)}: ${digest(type, digests, resources)}`);
  return `${async ? 'async ' : ''}func(${list.join()}) -> ${digest(result, digests, resources)}`;
}

/** The digest of a type's text in which each part is its digest: linear in the objects, however often one is shared. */
function digest(type: ValueType | undefined, digests: Digests, resources: ResourceNames): string {
  if (type === undefined) return '_';
  const known = digests.get(type);
  if (known !== undefined) return known;
  const of = (part: ValueType | undefined) => digest(part, digests, resources);
  const text = canonicalType(type, of, resources);
  const result = text === type.kind ? text : sha256(text);
  digests.set(type, result);
  return result;
}

function canonicalType(type: ValueType, of: (part: ValueType | undefined) => string, resources: ResourceNames): string {
  switch (type.kind) {
    case 'record':
      return `record{${type.fields.map((field) => `${JSON.stringify(field.name)}: ${of(field.type)}`).join()}}`;
    case 'variant':
      return `variant{${type.cases.map((entry) => `${JSON.stringify(entry.name)}: ${of(entry.type)}`).join()}}`;
    case 'list':
      return `list<${of(type.element)}, ${type.length ?? '_'}>`;
    case 'map':
      return `map<${of(type.key)}, ${of(type.value)}>`;
    case 'tuple':
      return `tuple<${type.elements.map(of).join()}>`;
    case 'flags':
    case 'enum':
      return `${type.kind}{${type.names.map((name) => JSON.stringify(name)).join()}}`;
    case 'option':
      return `option<${of(type.some)}>`;
    case 'result':
      return `result<${of(type.ok)}, ${of(type.error)}>`;
    case 'own':
    case 'borrow':
      return `${type.kind}<${JSON.stringify(resources.get(type.resource) ?? `outer ${type.resource.name}`)}>`;
    case 'stream':
    case 'future':
      return `${type.kind}<${of(type.element)}>`;
    default:
      return type.kind;
  }
}
