import { recordCodeChanges } from '../component/code-map.ts';
import { parseCoreModule } from '../component/core-module.ts';
import { applyEdits, type Edit, leb128 } from '../component/edits.ts';
import { blockType, readLocals, walkInstructions } from '../component/instructions.ts';
import type { Reader } from '../component/reader.ts';
import { append, SECTION } from '../component/section-edits.ts';
import { CONTROL_IMPORT, INTERRUPT_AT } from './control-page.ts';
import { type Insertion, insertIntoBodies } from './function-bodies.ts';

const LOOP = 0x03;

/**
 * A core module that looks at its {@link CONTROL_IMPORT} wherever it could run for long, which is where functions and
 * loops begin, and traps when it is told to. What it computes is the same. The page is the last of its imported memories,
 * so that no index changes; a module that defines memories keeps to itself where those would move, as does one that V8
 * does not take with its checks.
 *
 * @param bytes A core module whose memory is imported.
 */
export function withInterruptChecks(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const module = parseCoreModule(bytes, { start: 0, end: bytes.length }, { start: 0, end: 0 });
  const { imports, memories, sections, span } = module;
  const code = sections.get(SECTION.code);
  if (code === undefined || memories.length > 0) return bytes;
  if (imports.some((entry) => entry.module === CONTROL_IMPORT)) return bytes;
  const page = imports.filter(({ type }) => type.kind === 'memory').length;
  const edits: Edit[] = [];
  const name = new TextEncoder().encode(CONTROL_IMPORT);
  const named = [...leb128(name.length), ...name];
  // (memory 1 1 shared)
  append(bytes, module, SECTION.import, [[...named, ...named, 0x02, 0x03, 1, 1]], edits);
  const atEntry = checkAtEntry(page);
  const atLoop = checkAtLoop(page);
  const growth = insertIntoBodies(bytes, module, edits, (body) => checksOf(body, atEntry, atLoop));
  if (growth === 0) return bytes;
  recordCodeChanges(bytes, span, code.content, edits);
  const checked = Uint8Array.from(applyEdits(bytes, edits));
  return WebAssembly.validate(checked) ? checked : bytes;
}

function checksOf(body: Reader, atEntry: readonly number[], atLoop: readonly number[]): Insertion[] {
  readLocals(body);
  const insertions: Insertion[] = [{ at: body.position, code: atEntry }];
  walkInstructions(body, (first) => {
    if (first !== LOOP) return false;
    blockType(body);
    insertions.push({ at: body.position, code: atLoop });
    return true;
  });
  return insertions;
}

/** `(if (i32.load $page (i32.const 0)) (then unreachable))`: the cheaper of the two where little else is done. */
function checkAtEntry(page: number): readonly number[] {
  return [...loadWord(page), 0x04, 0x40, 0x00, 0x0b];
}

/**
 * `(drop (i32.load8_u $page (i32.load $page (i32.const 0))))`: the word is an address, of which only 0 is one. Without a
 * branch, because V8's baseline compiler notes all locals where branches meet, and a function may have many loops.
 */
function checkAtLoop(page: number): readonly number[] {
  return [...loadWord(page), 0x2d, MEMORY_INDEX, ...leb128(page), 0, 0x1a];
}

function loadWord(page: number): readonly number[] {
  return [0x41, INTERRUPT_AT, 0x28, 2 | MEMORY_INDEX, ...leb128(page), 0];
}

/** A flag beside the alignment: an index of the memory follows. */
const MEMORY_INDEX = 0x40;
