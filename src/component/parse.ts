import type { Component, CoreInstance, Definition, Instance, Sort, SortIndex } from './ast.ts';
import { parseCoreModule } from './core-module.ts';
import { coreType } from './core-types.ts';
import { coreModule, notWebAssembly } from './not-a-component.ts';
import { canon } from './parse-canon.ts';
import { alias, coreSort, externName, externType, sort, valueTypeRef } from './parse-refs.ts';
import { MAX_NESTING, typeDefinition } from './parse-types.ts';
import { hex, invalidAt, Reader, type Span } from './reader.ts';

const MAGIC = [0x00, 0x61, 0x73, 0x6d] as const;
/** The version of the binary format before 1.0, and layer 1: a component (layer 0 is a core module). */
const COMPONENT_HEADER = [0x0d, 0x00, 0x01, 0x00] as const;

/**
 * Decodes a component in the binary format of the component model (`design/mvp/Binary.md`). Takes time and memory
 * linear in the bytes; core code is stepped over.
 *
 * @throws {PluginError} `ERR_NOT_A_COMPONENT` for a core module and for what is no WebAssembly,
 * `ERR_INVALID_COMPONENT` with the offset for what is malformed.
 */
export function parseComponent(bytes: Uint8Array): Component {
  assertComponent(bytes);
  return component(bytes, { start: 0, end: bytes.length }, undefined, 0);
}

function assertComponent(bytes: Uint8Array): void {
  const present = Math.min(bytes.length, MAGIC.length);
  if (present === 0 || MAGIC.slice(0, present).some((byte, index) => bytes[index] !== byte))
    throw notWebAssembly(bytes);
  const header = bytes.subarray(MAGIC.length, MAGIC.length + COMPONENT_HEADER.length);
  if (header.length < COMPONENT_HEADER.length) throw invalidAt(bytes.length, 'it ends within its preamble');
  if (header[2] === 0 && header[3] === 0) throw coreModule(bytes);
  if (COMPONENT_HEADER.some((byte, index) => header[index] !== byte)) {
    throw invalidAt(
      MAGIC.length,
      `a version of the component format that is not known (${[...header].map(hex).join(' ')})`,
    );
  }
}

function component(bytes: Uint8Array, span: Span, size: Span | undefined, depth: number): Component {
  if (depth > MAX_NESTING) throw invalidAt(span.start, `components nest more than ${MAX_NESTING} deep`);
  const reader = new Reader(bytes, span);
  for (const byte of [...MAGIC, ...COMPONENT_HEADER]) reader.expect(byte, 'the preamble of a component');
  const definitions: Definition[] = [];
  while (!reader.done) {
    const offset = reader.position;
    const id = reader.u8();
    const sizeStart = reader.position;
    const length = reader.u32();
    const sectionSize = { start: sizeStart, end: reader.position };
    const content = reader.take(length, 'a section');
    if (id === 1) {
      definitions.push({ kind: 'core-module', offset, module: parseCoreModule(bytes, content, sectionSize) });
    } else if (id === 4) {
      definitions.push({ kind: 'component', offset, component: component(bytes, content, sectionSize, depth + 1) });
    } else {
      section(id, new Reader(bytes, content), definitions, depth, offset);
    }
  }
  return { span, size, definitions };
}

function section(id: number, reader: Reader, definitions: Definition[], depth: number, offset: number): void {
  const each = (what: string, element: () => Definition) => reader.vec(what, () => void definitions.push(element()));
  switch (id) {
    case 0: {
      const name = reader.name('the name of a custom section');
      definitions.push({ kind: 'custom', offset, name, content: { start: reader.position, end: reader.end } });
      return;
    }
    case 2:
      each('core instances', () => coreInstance(reader));
      break;
    case 3:
      each('core types', () => ({ kind: 'core-type', offset: reader.position, type: coreType(reader) }));
      break;
    case 5:
      each('instances', () => instance(reader));
      break;
    case 6:
      each('aliases', () => alias(reader));
      break;
    case 7:
      each('types', () => ({ kind: 'type', offset: reader.position, type: typeDefinition(reader, depth) }));
      break;
    case 8:
      each('canonical definitions', () => canon(reader));
      break;
    case 9:
      definitions.push({
        kind: 'start',
        offset,
        func: reader.u32(),
        args: reader.vec('values', () => reader.u32()),
        results: reader.u32(),
      });
      break;
    case 10:
      each('imports', () => ({
        kind: 'import',
        offset: reader.position,
        name: externName(reader),
        type: externType(reader),
      }));
      break;
    case 11:
      each('exports', () => ({
        kind: 'export',
        offset: reader.position,
        name: externName(reader),
        item: sortIndex(reader),
        type: reader.bool('an ascribed type') ? externType(reader) : undefined,
      }));
      break;
    case 12:
      each('values', () => {
        const at = reader.position;
        const type = valueTypeRef(reader);
        const size = reader.u32();
        return { kind: 'value', offset: at, type, value: reader.take(size, 'a value') };
      });
      break;
    default:
      throw reader.fail(`unknown section ${id}`, offset);
  }
  reader.finish(`section ${id}`);
}

function sortIndex(reader: Reader): SortIndex<Sort> {
  return { sort: sort(reader), index: reader.u32() };
}

function coreInstance(reader: Reader): CoreInstance {
  const offset = reader.position;
  const byte = reader.u8();
  if (byte === 0x00) {
    const module = reader.u32();
    const args = reader.vec('arguments', () => {
      const name = reader.name();
      reader.expect(0x12, 'an instance as the argument');
      return { name, value: reader.u32() };
    });
    return { kind: 'core-instance', offset, how: 'instantiate', module, args };
  }
  if (byte !== 0x01) throw reader.fail(`${hex(byte)} is no core instance`, offset);
  const exports = reader.vec('exports', () => ({
    name: reader.name(),
    value: { sort: coreSort(reader), index: reader.u32() },
  }));
  return { kind: 'core-instance', offset, how: 'exports', exports };
}

function instance(reader: Reader): Instance {
  const offset = reader.position;
  const byte = reader.u8();
  if (byte === 0x00) {
    const found = reader.u32();
    const args = reader.vec('arguments', () => ({ name: reader.name(), value: sortIndex(reader) }));
    return { kind: 'instance', offset, how: 'instantiate', component: found, args };
  }
  if (byte !== 0x01) throw reader.fail(`${hex(byte)} is no instance`, offset);
  const exports = reader.vec('exports', () => ({ name: externName(reader), value: sortIndex(reader) }));
  return { kind: 'instance', offset, how: 'exports', exports };
}
