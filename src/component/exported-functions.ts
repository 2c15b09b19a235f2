import type { ExternItem } from './analyze.ts';
import { type ExternType, type FuncType, isValueType, type Type, type ValueType } from './types.ts';

/** A function that a component exports, by itself or in an interface. */
export interface ExportedFunction {
  /** `namespace:package/interface@1.0.0#function`; the name alone for one that is in no interface. */
  readonly path: string;
  /** The name of its interface as the component has it, version included; undefined when it is in none. */
  readonly interface: string | undefined;
  /** Its own name. */
  readonly name: string;
  readonly type: FuncType;
  /** Why it cannot be called from another thread; undefined when it can. */
  readonly obstacle: string | undefined;
}

/** The functions that a component exports, in its own order. */
export function exportedFunctions(exports: readonly ExternItem[]): ExportedFunction[] {
  return exports.flatMap(({ name, type }) => {
    if (type.kind === 'func') return [describeFunction(undefined, name, type)];
    if (type.kind !== 'instance') return [];
    return [...type.exports].flatMap(([member, entity]) =>
      entity.kind === 'func' ? [describeFunction(name, member, entity)] : [],
    );
  });
}

function describeFunction(owner: string | undefined, name: string, type: FuncType): ExportedFunction {
  const path = owner === undefined ? name : `${owner}#${name}`;
  return { path, interface: owner, name, type, obstacle: obstacleOf(name, type) };
}

function obstacleOf(name: string, { params, result }: FuncType): string | undefined {
  if (name.startsWith('[')) return 'it belongs to a resource';
  const types = [...params.map(({ type }) => type), ...(result === undefined ? [] : [result])];
  return types.some((type) => holds(type, new Set())) ? 'it passes a resource, a stream or a future' : undefined;
}

/** Whether a type has a part that only the thread of its instance knows. What was seen is not looked at again. */
function holds(type: ValueType, seen: Set<ValueType>): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  switch (type.kind) {
    case 'own':
    case 'borrow':
    case 'stream':
    case 'future':
    case 'error-context':
      return true;
    default:
      return partsOf(type).some((part) => holds(part, seen));
  }
}

/** The types that a type is made of. */
function partsOf(type: ValueType): ValueType[] {
  switch (type.kind) {
    case 'record':
      return type.fields.map((field) => field.type);
    case 'variant':
      return type.cases.flatMap((entry) => entry.type ?? []);
    case 'list':
      return [type.element];
    case 'map':
      return [type.key, type.value];
    case 'tuple':
      return [...type.elements];
    case 'option':
      return [type.some];
    case 'result':
      return [type.ok, type.error].flatMap((part) => part ?? []);
    default:
      return [];
  }
}

/** The types that an interface declares, by their names there. */
export function declaredTypes(type: ExternType): [name: string, type: ValueType][] {
  if (type.kind !== 'instance') return [];
  return [...type.exports].flatMap(([name, entity]): [string, ValueType][] =>
    entity.kind === 'type' && isDeclared(entity.type) ? [[name, entity.type]] : [],
  );
}

/** Primitive types are one object each, so that a name for one would name them all. */
function isDeclared(type: Type): type is ValueType {
  return isValueType(type) && Object.keys(type).length > 1;
}
