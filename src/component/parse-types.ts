import type { Declaration, FuncTypeDefinition, LabelledRef, TypeDefinition, ValueTypeRef } from './ast.ts';
import { coreType, valueType as coreValueType } from './core-types.ts';
import { alias, externName, externType, primitiveType, valueTypeRef } from './parse-refs.ts';
import { hex, type Reader } from './reader.ts';

/** How deep components and their types may nest; the bound that wasmparser sets, and what bounds our recursion. */
export const MAX_NESTING = 100;

function optionalValueType(reader: Reader): ValueTypeRef | undefined {
  return reader.bool('an optional type') ? valueTypeRef(reader) : undefined;
}

function labelled(reader: Reader): LabelledRef {
  return { name: reader.name('a label'), type: valueTypeRef(reader) };
}

function labels(reader: Reader): string[] {
  return reader.vec('labels', () => reader.name('a label'));
}

/** `resultlist`. */
export function resultType(reader: Reader): ValueTypeRef | undefined {
  if (!reader.bool('the results of a function')) return valueTypeRef(reader);
  reader.expect(0x00, 'no results');
  return undefined;
}

function funcType(reader: Reader, async: boolean): FuncTypeDefinition {
  return {
    kind: 'func',
    async,
    params: reader.vec('parameters', () => labelled(reader)),
    result: resultType(reader),
  };
}

/** `deftype`. */
export function typeDefinition(reader: Reader, depth: number): TypeDefinition {
  const at = reader.position;
  const byte = reader.u8();
  const primitive = primitiveType(byte);
  if (primitive !== undefined) return { kind: 'primitive', type: primitive };
  switch (byte) {
    case 0x72:
      return { kind: 'record', fields: reader.vec('fields', () => labelled(reader)) };
    case 0x71:
      return {
        kind: 'variant',
        cases: reader.vec('cases', () => {
          const found = { name: reader.name('a label'), type: optionalValueType(reader) };
          reader.expect(0x00, 'the end of a case');
          return found;
        }),
      };
    case 0x70:
      return { kind: 'list', element: valueTypeRef(reader), length: undefined };
    case 0x67:
      return { kind: 'list', element: valueTypeRef(reader), length: reader.u32() };
    case 0x63:
      return { kind: 'map', key: valueTypeRef(reader), value: valueTypeRef(reader) };
    case 0x6f:
      return { kind: 'tuple', elements: reader.vec('elements', () => valueTypeRef(reader)) };
    case 0x6e:
      return { kind: 'flags', names: labels(reader) };
    case 0x6d:
      return { kind: 'enum', names: labels(reader) };
    case 0x6b:
      return { kind: 'option', some: valueTypeRef(reader) };
    case 0x6a:
      return { kind: 'result', ok: optionalValueType(reader), error: optionalValueType(reader) };
    case 0x69:
      return { kind: 'own', resource: reader.u32() };
    case 0x68:
      return { kind: 'borrow', resource: reader.u32() };
    case 0x66:
      return { kind: 'stream', element: optionalValueType(reader) };
    case 0x65:
      return { kind: 'future', element: optionalValueType(reader) };
    case 0x3f:
      return {
        kind: 'resource',
        rep: coreValueType(reader),
        destructor: reader.bool('a destructor') ? reader.u32() : undefined,
      };
    case 0x40:
      return funcType(reader, false);
    case 0x43:
      return funcType(reader, true);
    case 0x41:
      return { kind: 'component', declarations: declarations(reader, depth + 1, true) };
    case 0x42:
      return { kind: 'instance', declarations: declarations(reader, depth + 1, false) };
    default:
      throw reader.fail(`${hex(byte)} is no type`, at);
  }
}

function declarations(reader: Reader, depth: number, mayImport: boolean): Declaration[] {
  if (depth > MAX_NESTING) throw reader.fail(`types nest more than ${MAX_NESTING} deep`);
  return reader.vec('declarations', (): Declaration => {
    const offset = reader.position;
    const byte = reader.u8();
    switch (byte) {
      case 0x00:
        return { kind: 'core-type', offset, type: coreType(reader) };
      case 0x01:
        return { kind: 'type', offset, type: typeDefinition(reader, depth) };
      case 0x02:
        return alias(reader);
      case 0x03:
        if (!mayImport) break;
        return { kind: 'import', offset, name: externName(reader), type: externType(reader) };
      case 0x04:
        return { kind: 'export-declaration', offset, name: externName(reader), type: externType(reader) };
    }
    throw reader.fail(`${hex(byte)} is no declaration`, offset);
  });
}
