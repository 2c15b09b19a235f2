import { skipConstantExpression } from './constant-expression.ts';
import type {
  CoreExport,
  CoreImport,
  CoreMemory,
  CoreModule,
  CoreTable,
  ExceptionKind,
  SectionSpan,
} from './core-ast.ts';
import { coreExternType, limits, recType, referenceType } from './core-types.ts';
import { exceptionsIn } from './exception-instructions.ts';
import { hex, Reader, type Span } from './reader.ts';

const EXPORT_KINDS = ['func', 'table', 'memory', 'global', 'tag'] as const;

/** Custom (0) to tag (13); see "Binary Format / Modules / Sections". */
const LAST_SECTION = 13;

/** The opcode; it may be found where it means something else, never missed. */
const MEMORY_GROW = 0x40;

/**
 * Reads a core module as far as linking and accounting need it: types, imports, tables, memories, exports, start.
 * Code is not looked at until somebody asks for its exceptions; V8 validates it when it compiles.
 */
export function parseCoreModule(bytes: Uint8Array, span: Span, size: Span): CoreModule {
  const reader = new Reader(bytes, span);
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) reader.expect(byte, 'the preamble of a module');
  const sections = new Map<number, SectionSpan>();
  let gc = false;
  let tags = 0;
  let mayGrow = false;
  let start: number | undefined;
  let imports: CoreImport[] = [];
  let exports: CoreExport[] = [];
  let memories: CoreMemory[] = [];
  let tables: CoreTable[] = [];
  while (!reader.done) {
    const at = reader.position;
    const id = reader.u8();
    if (id > LAST_SECTION) throw reader.fail(`unknown section ${id} of a core module`, at);
    const sizeStart = reader.position;
    const length = reader.u32();
    const section = { size: { start: sizeStart, end: reader.position }, content: reader.take(length, 'a section') };
    if (id === 0) continue;
    // Two memory sections would hide one of them from the accounting if an engine ever accepted them.
    if (sections.has(id)) throw reader.fail(`section ${id} of a core module appears twice`, at);
    sections.set(id, section);
    const content = new Reader(bytes, section.content);
    switch (id) {
      case 1:
        gc = content.vec('types', () => recType(content)).some((types) => types.some((type) => type.gc));
        break;
      case 2:
        imports = content.vec('imports', () => ({
          module: content.name(),
          name: content.name(),
          type: coreExternType(content),
        }));
        break;
      case 4:
        tables = content.vec('tables', () => table(content));
        break;
      case 5:
        memories = content.vec('memories', () => {
          const limitsStart = content.position;
          return { limits: limits(content), limitsSpan: { start: limitsStart, end: content.position } };
        });
        break;
      case 7:
        exports = content.vec('exports', () => ({
          name: content.name(),
          kind: exportKind(content),
          index: content.u32(),
        }));
        break;
      case 10:
        mayGrow = bytes.subarray(section.content.start, section.content.end).includes(MEMORY_GROW);
        continue;
      case 8:
        start = content.u32();
        break;
      case 13:
        tags = content.u32();
        continue;
      default:
        continue;
    }
    content.finish(`section ${id} of a core module`);
  }
  const code = sections.get(10)?.content;
  const exceptions = once(() => (code === undefined ? NO_EXCEPTIONS : exceptionsIn(new Reader(bytes, code))));
  return { span, size, imports, exports, memories, tables, sections, mayGrow, start, gc, tags, exceptions };
}

const NO_EXCEPTIONS: ReadonlySet<ExceptionKind> = new Set();

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function exportKind(reader: Reader): CoreExport['kind'] {
  const at = reader.position;
  const byte = reader.u8();
  const kind = EXPORT_KINDS[byte];
  if (kind === undefined) throw reader.fail(`${hex(byte)} is no kind of export`, at);
  return kind;
}

function table(reader: Reader): CoreTable {
  const initialised = reader.peek() === 0x40;
  if (initialised) {
    reader.u8();
    reader.expect(0x00, 'a table with an initialiser');
  }
  const element = referenceType(reader);
  const limitsStart = reader.position;
  const entry = { element, limits: limits(reader), limitsSpan: { start: limitsStart, end: reader.position } };
  if (initialised) skipConstantExpression(reader);
  return entry;
}
