import type { FuncTypeDefinition, LabelledRef, PrimitiveType, ValueTypeDefinition, ValueTypeRef } from './ast.ts';
import { MAX_NESTING } from './parse-types.ts';
import { invalidAt } from './reader.ts';
import { at } from './scope.ts';
import type { Scope } from './types.ts';
import { type FuncType, isValueType, type Labelled, type ResourceType, type ValueType } from './types.ts';

/** One object for each primitive type. */
const primitives = new Map<PrimitiveType, ValueType>();

/** How deep each type is; so that everything that walks a type may recurse. */
const depths = new WeakMap<ValueType, number>();

function primitive(kind: PrimitiveType): ValueType {
  const known = primitives.get(kind);
  if (known !== undefined) return known;
  const type = { kind };
  primitives.set(kind, type);
  return type;
}

/** Resolves the indices of value and function types against a scope. */
export function valueTypeIn(scope: Scope, ref: ValueTypeRef, offset: number): ValueType {
  if (typeof ref === 'string') return primitive(ref);
  const type = at(scope.types, ref, 'type', offset);
  if (!isValueType(type)) throw invalidAt(offset, `type ${ref} is not the type of a value`);
  return type;
}

export function funcTypeIn(scope: Scope, { async, params, result }: FuncTypeDefinition, offset: number): FuncType {
  return {
    kind: 'func',
    async,
    params: labelledIn(scope, params, offset),
    result: result === undefined ? undefined : valueTypeIn(scope, result, offset),
  };
}

function labelledIn(scope: Scope, labels: readonly LabelledRef[], offset: number): Labelled[] {
  const seen = new Set<string>();
  return labels.map(({ name, type }) => {
    once(seen, name, offset);
    return { name, type: valueTypeIn(scope, type, offset) };
  });
}

function once(seen: Set<string>, name: string, offset: number): void {
  if (seen.has(name)) throw invalidAt(offset, 'a label appears twice in one type');
  seen.add(name);
}

export function definedValueType(scope: Scope, definition: ValueTypeDefinition, offset: number): ValueType {
  const of = (ref: ValueTypeRef) => valueTypeIn(scope, ref, offset);
  const optional = (ref: ValueTypeRef | undefined) => (ref === undefined ? undefined : of(ref));
  const resource = (index: number): ResourceType => {
    const type = at(scope.types, index, 'type', offset);
    if (type.kind !== 'resource') throw invalidAt(offset, `type ${index} is not a resource`);
    return type;
  };
  switch (definition.kind) {
    case 'primitive':
      return primitive(definition.type);
    case 'record': {
      const fields = labelledIn(scope, definition.fields, offset);
      return nested(
        { kind: 'record', fields },
        fields.map(({ type }) => type),
        offset,
      );
    }
    case 'variant': {
      const seen = new Set<string>();
      const cases = definition.cases.map(({ name, type }) => {
        once(seen, name, offset);
        return { name, type: optional(type) };
      });
      return nested(
        { kind: 'variant', cases },
        cases.map(({ type }) => type),
        offset,
      );
    }
    case 'list': {
      const element = of(definition.element);
      return nested({ kind: 'list', element, length: definition.length }, [element], offset);
    }
    case 'map': {
      const [key, value] = [of(definition.key), of(definition.value)];
      return nested({ kind: 'map', key, value }, [key, value], offset);
    }
    case 'tuple': {
      const elements = definition.elements.map(of);
      return nested({ kind: 'tuple', elements }, elements, offset);
    }
    case 'flags':
    case 'enum': {
      const seen = new Set<string>();
      for (const name of definition.names) once(seen, name, offset);
      return { kind: definition.kind, names: definition.names };
    }
    case 'option': {
      const some = of(definition.some);
      return nested({ kind: 'option', some }, [some], offset);
    }
    case 'result': {
      const [ok, error] = [optional(definition.ok), optional(definition.error)];
      return nested({ kind: 'result', ok, error }, [ok, error], offset);
    }
    case 'own':
    case 'borrow':
      return { kind: definition.kind, resource: resource(definition.resource) };
    case 'stream':
    case 'future': {
      const element = optional(definition.element);
      return nested({ kind: definition.kind, element }, [element], offset);
    }
  }
}

/** Records how deep a type is, and refuses what is too deep to walk. */
function nested(type: ValueType, parts: readonly (ValueType | undefined)[], offset: number): ValueType {
  let depth = 0;
  for (const part of parts) if (part !== undefined) depth = Math.max(depth, (depths.get(part) ?? 0) + 1);
  if (depth > MAX_NESTING) throw invalidAt(offset, `types nest more than ${MAX_NESTING} deep`);
  depths.set(type, depth);
  return type;
}
