import type { CoreExternType, CoreType, Limits, TableType } from './core-ast.ts';
import { signedLeb128 } from './edits.ts';
import { hex, type Reader } from './reader.ts';

/* Types of core modules, after "Binary Format / Types" of the WebAssembly specification. */

const NUMBER_TYPES: ReadonlyMap<number, string> = new Map([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
  [0x7d, 'f32'],
  [0x7c, 'f64'],
  [0x7b, 'v128'],
]);

const HEAP_TYPES: ReadonlyMap<number, string> = new Map([
  [0x70, 'func'],
  [0x6f, 'extern'],
  [0x6e, 'any'],
  [0x6d, 'eq'],
  [0x6c, 'i31'],
  [0x6b, 'struct'],
  [0x6a, 'array'],
  [0x69, 'exn'],
  [0x71, 'none'],
  [0x72, 'noextern'],
  [0x73, 'nofunc'],
  [0x74, 'noexn'],
]);

export function heapType(reader: Reader): string {
  const abstract = HEAP_TYPES.get(reader.peek());
  if (abstract === undefined) return String(reader.typeIndex());
  reader.u8();
  return abstract;
}

export function referenceType(reader: Reader): string {
  const byte = reader.peek();
  if (byte === 0x63 || byte === 0x64) {
    reader.u8();
    return `(ref ${byte === 0x63 ? 'null ' : ''}${heapType(reader)})`;
  }
  const abstract = HEAP_TYPES.get(byte);
  if (abstract === undefined) throw reader.fail(`${hex(byte)} is no reference type`);
  reader.u8();
  return `${abstract}ref`;
}

/** The binary form of a type that {@link referenceType} has read. */
export function referenceBytes(type: string): readonly number[] {
  const [, nullable, heap] = /^\(ref (null )?(\w+)\)$/.exec(type) ?? [];
  const name = heap ?? type.slice(0, -'ref'.length);
  const [code] = [...HEAP_TYPES].find(([, abstract]) => abstract === name) ?? [];
  const bytes = code === undefined ? signedLeb128(Number(name)) : [code];
  return heap === undefined ? bytes : [nullable === undefined ? 0x64 : 0x63, ...bytes];
}

export function valueType(reader: Reader): string {
  const number = NUMBER_TYPES.get(reader.peek());
  if (number === undefined) return referenceType(reader);
  reader.u8();
  return number;
}

/** Limits of a memory or a table. Flags that are not known are refused: they could change what the numbers mean. */
export function limits(reader: Reader): Limits {
  const at = reader.position;
  const flags = reader.u8();
  if (flags > 0x0f) throw reader.fail(`unknown flags ${hex(flags)} of limits`, at);
  const wide = (flags & 4) !== 0;
  const bound = () => (wide ? reader.u64() : reader.u32());
  const min = bound();
  const max = flags & 1 ? bound() : undefined;
  return { min, max, shared: (flags & 2) !== 0, wide, pageSizeLog2: flags & 8 ? reader.u32() : undefined };
}

function tableType(reader: Reader): TableType {
  return { element: referenceType(reader), limits: limits(reader) };
}

export function coreExternType(reader: Reader): CoreExternType {
  const at = reader.position;
  const byte = reader.u8();
  switch (byte) {
    case 0x00:
      return { kind: 'func', type: reader.u32() };
    case 0x01:
      return { kind: 'table', table: tableType(reader) };
    case 0x02:
      return { kind: 'memory', memory: limits(reader) };
    case 0x03:
      return { kind: 'global', type: valueType(reader), mutable: reader.bool('the mutability of a global') };
    case 0x04:
      reader.expect(0x00, 'the attribute of a tag');
      return { kind: 'tag', type: reader.u32() };
    default:
      throw reader.fail(`${hex(byte)} is no kind of import or export`, at);
  }
}

/** A type of a type section, as far as counting needs it. */
export interface CoreSubType {
  /** Whether its values live on the garbage-collected heap. */
  readonly gc: boolean;
  /** How many values a function of it takes and gives. */
  readonly params: number;
  readonly results: number;
}

/** Reads one `rectype`: the types that it defines. */
export function recType(reader: Reader): readonly CoreSubType[] {
  if (reader.peek() !== 0x4e) return [subType(reader)];
  reader.u8();
  return reader.vec('types', () => subType(reader));
}

function subType(reader: Reader): CoreSubType {
  const byte = reader.peek();
  if (byte === 0x4f || byte === 0x50) {
    reader.u8();
    reader.vec('supertypes', () => reader.u32());
  }
  const at = reader.position;
  const form = reader.u8();
  switch (form) {
    case 0x60: {
      const params = reader.vec('parameters', () => void valueType(reader)).length;
      return { gc: false, params, results: reader.vec('results', () => void valueType(reader)).length };
    }
    case 0x5e:
      fieldType(reader);
      return STRUCTURE;
    case 0x5f:
      reader.vec('fields', () => fieldType(reader));
      return STRUCTURE;
    default:
      throw reader.fail(`${hex(form)} is no form of type that is supported`, at);
  }
}

const STRUCTURE: CoreSubType = { gc: true, params: 0, results: 0 };

function fieldType(reader: Reader): void {
  const packed = reader.peek();
  if (packed === 0x78 || packed === 0x77) reader.u8();
  else valueType(reader);
  reader.bool('the mutability of a field');
}

/** `core:type` of a component. */
export function coreType(reader: Reader): CoreType {
  if (reader.peek() === 0x50) return moduleType(reader);
  // Until 1.0 of the component model a non-final subtype has this prefix, because 0x50 means a module type here.
  if (reader.peek() === 0x00) reader.u8();
  const types = recType(reader);
  return { kind: 'rec', count: types.length, gc: types.some(({ gc }) => gc) };
}

function moduleType(reader: Reader): CoreType {
  reader.expect(0x50, 'a module type');
  const imports: { module: string; name: string; type: CoreExternType }[] = [];
  const exports: { name: string; type: CoreExternType }[] = [];
  reader.vec('declarations', () => {
    const at = reader.position;
    const byte = reader.u8();
    if (byte === 0x00) imports.push({ module: reader.name(), name: reader.name(), type: coreExternType(reader) });
    else if (byte === 0x01) recType(reader);
    else if (byte === 0x02) {
      reader.expect(0x10, 'the sort of an alias of a type');
      reader.expect(0x01, 'an outer alias');
      reader.u32();
      reader.u32();
    } else if (byte === 0x03) exports.push({ name: reader.name(), type: coreExternType(reader) });
    else throw reader.fail(`${hex(byte)} is no declaration of a module type`, at);
  });
  return { kind: 'module', imports, exports };
}
