import { recordCodeChanges } from '../component/code-map.ts';
import type { CoreExternType, CoreModule, Limits } from '../component/core-ast.ts';
import { parseCoreModule } from '../component/core-module.ts';
import { recType } from '../component/core-types.ts';
import { applyEdits, type Edit, leb128 } from '../component/edits.ts';
import { readLocals, walkInstructions } from '../component/instructions.ts';
import type { Reader } from '../component/reader.ts';
import { append, SECTION, sectionReader } from '../component/section-edits.ts';
import { PluginError } from '../errors.ts';
import { BULK, type BulkInstruction, type Place, partsFunction, partsType } from './bulk-parts.ts';
import { type Insertion, insertIntoBodies } from './function-bodies.ts';

/**
 * Has the bulk instructions of a core module do what is long in parts. V8's baseline code looks whether its thread has to
 * end when it has run some megabytes of code, and reckons with the size of an instruction, not with what it moves: a
 * loop around `memory.fill` with 12 MiB was neither measured nor ended for 40 s. In the place of each of them that may be
 * long, a function is called that comes last, so that no index changes.
 */
export function withShortBulks(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const module = parseCoreModule(bytes, { start: 0, end: bytes.length }, { start: 0, end: 0 });
  const code = module.sections.get(SECTION.code);
  if (code === undefined || !mayHaveBulks(bytes.subarray(code.content.start, code.content.end))) return bytes;
  const edits: Edit[] = [];
  const parts = new Parts(bytes, module);
  insertIntoBodies(bytes, module, edits, (body) => parts.callsIn(body));
  if (parts.bulks.length === 0) return bytes;
  if (parts.bulks.length > MAX_BULKS) throw tooMany();
  recordCodeChanges(bytes, module.span, code.content, edits);
  const called = Uint8Array.from(applyEdits(bytes, edits));
  return parts.appendTo(called);
}

/** The opcodes behind their prefix; they may be found where they mean something else, never missed. */
function mayHaveBulks(code: Uint8Array): boolean {
  for (let at = code.indexOf(PREFIX); at >= 0; at = code.indexOf(PREFIX, at + 1)) {
    const opcode = code[at + 1]!;
    // One that is written in more bytes than it takes.
    if (OPCODES.has(opcode & 0x7f)) return true;
  }
  return false;
}

const PREFIX = 0xfc;
const OPCODES: ReadonlySet<number> = new Set(Object.values(BULK));
const I32_CONST = 0x41;
/**
 * Bulk instructions of a module that are unlike, by their segments, memories and tables. Each takes a function of some 130
 * bytes: 100,000 of them, in 1.4 MB, took 10 s and 0.9 GB.
 */
const MAX_BULKS = 4096;

/** The functions that are called instead, by what they do. */
class Parts {
  readonly bulks: BulkInstruction[] = [];
  readonly #indices = new Map<string, number>();
  readonly #memories: readonly Place[];
  readonly #tables: readonly Place[];
  readonly #types: number;
  readonly #functions: number;

  constructor(bytes: Uint8Array, module: CoreModule) {
    const { imports, memories, tables } = module;
    const imported = imports.map(({ type }) => type);
    this.#memories = [...imported.flatMap(limitsOf), ...memories.map(({ limits }) => limits)].map(
      ({ wide }, index): Place => ({ index, wide, element: undefined }),
    );
    const tableTypes = [...imported.flatMap((type) => (type.kind === 'table' ? [type.table] : [])), ...tables];
    this.#tables = tableTypes.map(({ element, limits: { wide } }, index) => ({ index, wide, element }));
    const types = sectionReader(bytes, module, SECTION.type);
    this.#types = types.vec('types', () => recType(types)).reduce((sum, group) => sum + group.length, 0);
    const defined = sectionReader(bytes, module, SECTION.function).u32();
    this.#functions = imported.filter(({ kind }) => kind === 'func').length + defined;
  }

  /** The bulk instructions of a function that may be long, and the calls that take their places. */
  callsIn(body: Reader): readonly Insertion[] {
    const calls: Insertion[] = [];
    let isShort = false;
    readLocals(body);
    walkInstructions(body, (first, opcode, start) => {
      const wasShort = isShort;
      isShort = false;
      if (first === I32_CONST) isShort = isShortConstant(body);
      if (first !== PREFIX || !OPCODES.has(opcode)) return false;
      const isFill = opcode === BULK.memoryFill || opcode === BULK.tableFill;
      const immediates = Array.from({ length: isFill ? 1 : 2 }, () => body.u32());
      const bulk = wasShort ? undefined : this.#bulk(opcode, immediates);
      if (bulk !== undefined)
        calls.push({ at: start, until: body.position, code: [0x10, ...leb128(this.#index(bulk))] });
      return true;
    });
    return calls;
  }

  /** None of what is not there: the module is not valid. */
  #bulk(opcode: number, immediates: readonly number[]): BulkInstruction | undefined {
    const places = opcode < BULK.tableInit ? this.#memories : this.#tables;
    const [first, second] = immediates;
    const isInit = opcode === BULK.memoryInit || opcode === BULK.tableInit;
    const isCopy = opcode === BULK.memoryCopy || opcode === BULK.tableCopy;
    const target = places[isInit ? second! : first!];
    const source = isCopy ? places[second!] : undefined;
    if (target === undefined || (isCopy && source === undefined)) return undefined;
    return { opcode, immediates, target, source };
  }

  #index(bulk: BulkInstruction): number {
    const key = [bulk.opcode, ...bulk.immediates].join(' ');
    let index = this.#indices.get(key);
    if (index === undefined) {
      index = this.#functions + this.bulks.length;
      this.#indices.set(key, index);
      this.bulks.push(bulk);
    }
    return index;
  }

  /** The module with the functions that its code calls by now. */
  appendTo(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const module = parseCoreModule(bytes, { start: 0, end: bytes.length }, { start: 0, end: 0 });
    const edits: Edit[] = [];
    const indices = this.bulks.map((_, place) => leb128(this.#types + place));
    append(bytes, module, SECTION.type, this.bulks.map(partsType), edits);
    append(bytes, module, SECTION.function, indices, edits);
    append(bytes, module, SECTION.code, this.bulks.map(partsFunction), edits);
    return Uint8Array.from(applyEdits(bytes, edits));
  }
}

function limitsOf(type: CoreExternType): readonly Limits[] {
  return type.kind === 'memory' ? [type.memory] : [];
}

/** Whether a constant, in LEB128, is less than a part, of bytes or of entries: it has less than 11 bits, and no sign. */
function isShortConstant({ bytes, position }: Reader): boolean {
  const [first, second] = [bytes[position]!, bytes[position + 1]!];
  return first < 0x40 || (first >= 0x80 && second < 0x08);
}

function tooMany(): PluginError {
  return new PluginError(
    'ERR_COMPONENT_TOO_COMPLEX',
    `A core module has more than ${MAX_BULKS} bulk instructions that are about unlike segments, memories or tables`,
    {
      hint: 'Build it with its data and elements in fewer segments.',
      limit: { name: 'moduleBulkInstructions', value: MAX_BULKS },
    },
  );
}
