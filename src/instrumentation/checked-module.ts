import { recordCodeChanges } from '../component/code-map.ts';
import type { CoreModule } from '../component/core-ast.ts';
import { parseCoreModule } from '../component/core-module.ts';
import { applyEdits, type Edit, leb128 } from '../component/edits.ts';
import { append, SECTION } from '../component/section-edits.ts';
import { branchingInterrupt, charge, chargeBulk, straightInterrupt, trapWithoutFuel } from './check-code.ts';
import { CONTROL_IMPORT } from './control-page.ts';
import { type Insertion, insertIntoBodies } from './function-bodies.ts';
import { parameterCounts } from './parameter-counts.ts';
import { type FunctionCode, readFunction } from './segments.ts';

/** What the code of a plugin is to look at. */
export interface Checks {
  /** Whether it traps when it is told to. */
  readonly interrupts: boolean;
  /** Whether it counts its instructions, and traps when it has no fuel left. */
  readonly metered: boolean;
}

/** A core module with its checks, and of how many functions nothing is known. */
export interface CheckedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `all` of its functions have their checks; `some` or `none`: they are bounded from outside only. */
  readonly checked: 'all' | 'some' | 'none';
}

/** Bytes that bulk instructions move, and entries of tables, at the price of an instruction. */
const BYTES_PER_INSTRUCTION = 16;
const ENTRIES_PER_INSTRUCTION = 1;

/**
 * Puts checks into a core module: where loops and functions begin that could run for long, it traps if it is told to, or if it has no fuel left,
 * and what it runs is taken from its fuel, segment by segment. What it computes is the same. The page that it looks at is
 * the last of its imported memories, so that no index changes; a module that defines memories stays as it is because those
 * would move, and so does one that V8 does not take with its checks.
 *
 * @param bytes A core module whose memory is imported.
 */
export function withChecks(bytes: Uint8Array<ArrayBuffer>, checks: Checks): CheckedModule {
  const module = parseCoreModule(bytes, { start: 0, end: bytes.length }, { start: 0, end: 0 });
  const { imports, memories, sections, span } = module;
  const code = sections.get(SECTION.code);
  if (code === undefined) return { bytes, checked: 'all' };
  if (memories.length > 0 || imports.some((entry) => entry.module === CONTROL_IMPORT))
    return { bytes, checked: 'none' };
  // An index that is one too high would be that of the page, or of a local that is added.
  if (!WebAssembly.validate(bytes)) return { bytes, checked: 'none' };
  const page = imports.filter(({ type }) => type.kind === 'memory').length;
  const edits: Edit[] = [];
  append(bytes, module, SECTION.import, [importOfPage()], edits);
  const parameters = checks.metered ? parameterCounts(bytes, module) : [];
  let place = 0;
  let left = 0;
  const growth = insertIntoBodies(bytes, module, edits, (body) => {
    left++;
    const insertions = checksOf(readFunction(body), parameters[place++], page, checks);
    left--;
    return insertions;
  });
  if (growth === 0) return { bytes, checked: left === 0 ? 'all' : 'none' };
  recordCodeChanges(bytes, span, code.content, edits);
  const checked = Uint8Array.from(applyEdits(bytes, edits));
  if (!WebAssembly.validate(checked)) return { bytes, checked: 'none' };
  return { bytes: checked, checked: left === 0 && !(checks.metered && isWide(module)) ? 'all' : 'some' };
}

/** `(import "…" "…" (memory 1 1 shared))` */
function importOfPage(): readonly number[] {
  const name = new TextEncoder().encode(CONTROL_IMPORT);
  const named = [...leb128(name.length), ...name];
  return [...named, ...named, 0x02, 0x03, 1, 1];
}

/** Whether its bulk instructions may take operands of 64 bits, which {@link chargeBulk} does not know. */
function isWide({ imports, memories, tables }: CoreModule): boolean {
  const imported = imports.flatMap(({ type }) =>
    type.kind === 'memory' ? [type.memory] : type.kind === 'table' ? [type.table.limits] : [],
  );
  return [...imported, ...[...memories, ...tables].map(({ limits }) => limits)].some(({ wide }) => wide);
}

function checksOf(
  func: FunctionCode,
  parameters: number | undefined,
  page: number,
  { interrupts, metered }: Checks,
): Insertion[] {
  const { declarations, declarationCount, codeStart, locals, segments, runs, bulks } = func;
  const insertions: Insertion[] = [];
  if (metered && bulks.length > 0) {
    const local = parameters! + locals;
    insertions.push({ at: declarations.start, until: declarations.end, code: leb128(declarationCount + 1) });
    // (local i32)
    insertions.push({ at: codeStart, code: [1, 0x7f] });
    for (const { at, moves } of bulks) {
      const per = moves === 'bytes' ? BYTES_PER_INSTRUCTION : ENTRIES_PER_INSTRUCTION;
      insertions.push({ at, code: [...chargeBulk(page, local, per), ...trapWithoutFuel(page)] });
    }
  }
  const interrupt = hasManyJoins(func) ? straightInterrupt(page) : branchingInterrupt(page);
  for (const { at, kind, cost } of segments) {
    const charged = metered && cost > 0 ? charge(page, cost) : [];
    const isChecked = runs === 'long' && kind !== 'plain';
    const checked = isChecked ? [...(interrupts ? interrupt : []), ...(metered ? trapWithoutFuel(page) : [])] : [];
    if (charged.length + checked.length > 0) insertions.push({ at, code: [...charged, ...checked] });
  }
  return insertions;
}

/** Whether branches at all its loops would have V8 note more locals than a large function of a real program has. */
function hasManyJoins({ locals, segments }: FunctionCode): boolean {
  return locals * segments.filter(({ kind }) => kind === 'loop').length > MAX_NOTED_LOCALS;
}

const MAX_NOTED_LOCALS = 20_000;
