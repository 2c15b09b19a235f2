import { skipConstantExpression } from '../component/constant-expression.ts';
import type { CoreModule } from '../component/core-ast.ts';
import { parseCoreModule } from '../component/core-module.ts';
import { valueType } from '../component/core-types.ts';
import { applyEdits, type Edit, leb128 } from '../component/edits.ts';
import { readLocals, walkInstructions } from '../component/instructions.ts';
import { Reader } from '../component/reader.ts';
import { append, SECTION, sectionReader } from '../component/section-edits.ts';
import { PluginError } from '../errors.ts';

/**
 * What the names begin with under which a core module exports the globals that change, which are followed by their
 * indices. It has a colon and spaces, so that no export of a plugin can have it: `assertPlainNames` refuses those.
 */
export const STATE_EXPORT = 'wasm-plugin-pool: global ';

/** A core module that shows the host its state beside memories, or of which that cannot be shown. */
export interface ShownState {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Why its instances cannot be brought back to an earlier state; undefined where they can. */
  readonly irreversible: string | undefined;
}

/** To export more of them makes each instance slower to make. No toolchain has a dozen. */
const MAX_GLOBALS = 64;

/**
 * Has a core module export its mutable globals, so that an instance can be brought back to an earlier state with them and
 * its memories. Tables and segments are nothing that could change: a module with an instruction that writes to one, or
 * drops one, is `irreversible`, as is one with globals whose values JavaScript does not see.
 */
export function withStateExports(bytes: Uint8Array<ArrayBuffer>): ShownState {
  try {
    const module = parseCoreModule(bytes, { start: 0, end: bytes.length }, { start: 0, end: 0 });
    const irreversible = changesBeyondReach(bytes, module);
    if (irreversible !== undefined) return { bytes, irreversible };
    const globals = mutableGlobals(bytes, module);
    if (typeof globals === 'string') return { bytes, irreversible: globals };
    if (globals.length === 0) return { bytes, irreversible: undefined };
    const edits: Edit[] = [];
    append(bytes, module, SECTION.export, globals.map(exported), edits);
    return { bytes: Uint8Array.from(applyEdits(bytes, edits)), irreversible: undefined };
  } catch (error) {
    // Malformed, or newer than this is: the compiler is the judge of that.
    if (error instanceof PluginError) return { bytes, irreversible: 'it has code that is not known' };
    throw error;
  }
}

function exported(global: number): readonly number[] {
  const name = new TextEncoder().encode(`${STATE_EXPORT}${global}`);
  return [...leb128(name.length), ...name, 3, ...leb128(global)];
}

/** The indices of the globals that change, of those that it defines; or why their values are out of reach. */
function mutableGlobals(bytes: Uint8Array, module: CoreModule): readonly number[] | string {
  if (!module.sections.has(SECTION.global)) return [];
  const before = module.imports.filter(({ type }) => type.kind === 'global').length;
  const globals = sectionReader(bytes, module, SECTION.global);
  const types = globals.vec('globals', () => {
    const type = valueType(globals);
    const mutable = globals.u8() === 1;
    skipConstantExpression(globals);
    return { type, mutable };
  });
  const changing = types.flatMap(({ type, mutable }, place) => (mutable ? [{ type, index: before + place }] : []));
  if (changing.length > MAX_GLOBALS) return `it has more than ${MAX_GLOBALS} globals that change`;
  const strange = changing.find(({ type }) => !NUMBERS.has(type));
  if (strange !== undefined) return `it has a global of type ${strange.type} that changes`;
  return changing.map(({ index }) => index);
}

/** Types whose values JavaScript sees; those of NaNs not all of, so that who keeps them has to look. */
const NUMBERS: ReadonlySet<string> = new Set(['i32', 'i64', 'f32', 'f64']);

/** What its code may do that nobody can undo. */
function changesBeyondReach(bytes: Uint8Array, module: CoreModule): string | undefined {
  const section = module.sections.get(SECTION.code);
  if (section === undefined) return undefined;
  let found: string | undefined;
  const code = new Reader(bytes, section.content);
  code.vec('functions', () => {
    const body = new Reader(bytes, code.take(code.u32(), 'a function'));
    readLocals(body);
    walkInstructions(body, (first, opcode) => {
      if (first === TABLE_SET) found ??= 'it writes to tables';
      else if (first === GARBAGE_COLLECTION) found ??= 'it uses garbage collection';
      else if (first === MISCELLANEOUS) found ??= BEYOND_REACH.get(opcode);
      return false;
    });
  });
  return found;
}

const TABLE_SET = 0x26;
const GARBAGE_COLLECTION = 0xfb;
const MISCELLANEOUS = 0xfc;

const BEYOND_REACH: ReadonlyMap<number, string> = new Map([
  [9, 'it drops data segments'],
  [12, 'it writes to tables'],
  [13, 'it drops element segments'],
  [14, 'it writes to tables'],
  [15, 'it grows tables'],
  [17, 'it writes to tables'],
]);
