import type { Alias, CoreSort, ExternTypeRef, PrimitiveType, Sort, ValueTypeRef } from './ast.ts';
import { hex, type Reader } from './reader.ts';

/* What refers to other definitions: sorts, names, types by index, aliases. */

const PRIMITIVES: ReadonlyMap<number, PrimitiveType> = new Map([
  [0x7f, 'bool'],
  [0x7e, 's8'],
  [0x7d, 'u8'],
  [0x7c, 's16'],
  [0x7b, 'u16'],
  [0x7a, 's32'],
  [0x79, 'u32'],
  [0x78, 's64'],
  [0x77, 'u64'],
  [0x76, 'f32'],
  [0x75, 'f64'],
  [0x74, 'char'],
  [0x73, 'string'],
  [0x64, 'error-context'],
]);

const CORE_SORTS: ReadonlyMap<number, CoreSort> = new Map([
  [0x00, 'func'],
  [0x01, 'table'],
  [0x02, 'memory'],
  [0x03, 'global'],
  [0x04, 'tag'],
]);

const SORTS: ReadonlyMap<number, Sort> = new Map([
  [0x01, 'func'],
  [0x02, 'value'],
  [0x03, 'type'],
  [0x04, 'component'],
  [0x05, 'instance'],
]);

/** The primitive type of an opcode; undefined for any other opcode. */
export function primitiveType(opcode: number): PrimitiveType | undefined {
  return PRIMITIVES.get(opcode);
}

export function valueTypeRef(reader: Reader): ValueTypeRef {
  const primitive = primitiveType(reader.peek());
  if (primitive === undefined) return reader.typeIndex();
  reader.u8();
  return primitive;
}

export function coreSort(reader: Reader): CoreSort {
  const at = reader.position;
  const byte = reader.u8();
  const sort = CORE_SORTS.get(byte);
  if (sort === undefined) throw reader.fail(`${hex(byte)} is no core sort`, at);
  return sort;
}

/** A sort that components import and export; of the core sorts that is `module` only. */
export function sort(reader: Reader): Sort {
  const at = reader.position;
  const byte = reader.u8();
  if (byte === 0x00) {
    reader.expect(0x11, 'the sort of a core module');
    return 'module';
  }
  const found = SORTS.get(byte);
  if (found === undefined) throw reader.fail(`${hex(byte)} is no sort`, at);
  return found;
}

/** `nameattributes`; the attributes say nothing that linking needs. */
export function externName(reader: Reader): string {
  const at = reader.position;
  const byte = reader.u8();
  if (byte > 0x02) throw reader.fail(`${hex(byte)} does not begin the name of an import or export`, at);
  const name = reader.name('the name of an import or export');
  if (byte === 0x02) {
    reader.vec('attributes', () => {
      const attributeAt = reader.position;
      const attribute = reader.u8();
      if (attribute > 0x02) throw reader.fail(`${hex(attribute)} is no attribute of a name`, attributeAt);
      reader.name('an attribute');
    });
  }
  return name;
}

export function externType(reader: Reader): ExternTypeRef {
  const kind = sort(reader);
  if (kind === 'type') {
    return { kind, bound: reader.bool('the bound of a type') ? 'resource' : reader.u32() };
  }
  if (kind === 'value') {
    return reader.bool('the bound of a value') ? { kind, type: valueTypeRef(reader) } : { kind, bound: reader.u32() };
  }
  return { kind, type: reader.u32() };
}

export function alias(reader: Reader): Alias {
  const offset = reader.position;
  const first = reader.u8();
  const second = first === 0x00 ? reader.u8() : undefined;
  const targetAt = reader.position;
  const target = reader.u8();
  const unknown = () => reader.fail('a sort that cannot be aliased like this', offset);
  switch (target) {
    case 0x00: {
      const found = second === undefined ? SORTS.get(first) : second === 0x11 ? 'module' : undefined;
      if (found === undefined) throw unknown();
      return { kind: 'alias', offset, target: 'export', sort: found, instance: reader.u32(), name: reader.name() };
    }
    case 0x01: {
      const found = second === undefined ? undefined : CORE_SORTS.get(second);
      if (found === undefined) throw unknown();
      return { kind: 'alias', offset, target: 'core-export', sort: found, instance: reader.u32(), name: reader.name() };
    }
    case 0x02: {
      const found =
        second === 0x10
          ? 'core-type'
          : second === 0x11
            ? 'module'
            : first === 0x03
              ? 'type'
              : first === 0x04
                ? 'component'
                : undefined;
      if (found === undefined) throw unknown();
      return { kind: 'alias', offset, target: 'outer', sort: found, count: reader.u32(), index: reader.u32() };
    }
    default:
      throw reader.fail(`${hex(target)} is no target of an alias`, targetAt);
  }
}
