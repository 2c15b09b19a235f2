import { PluginError } from '../errors.ts';
import type { CoreImport, CoreModule, SectionSpan } from './core-ast.ts';
import { recType } from './core-types.ts';
import { type Edit, leb128, replace, resized } from './edits.ts';
import { growFunction, growType, type Lowered } from './grow-function.ts';
import { findGrows } from './instructions.ts';
import { privateMemories } from './private-memories.ts';
import { Reader, type Span } from './reader.ts';
import { REFUSED_GROW } from './refused-grow.ts';
import { append, SECTION, sectionReader } from './section-edits.ts';

const { type: TYPE, function: FUNCTION, global: GLOBAL, export: EXPORT, code: CODE } = SECTION;

/** The body of a function, and where in it something lowered is grown. */
interface Body extends SectionSpan {
  readonly sites: readonly { readonly span: Span; readonly grows: Lowered }[];
}

interface Survey {
  readonly bodies: readonly Body[];
  /** What is grown in any of them. */
  readonly grown: readonly Lowered[];
  /** How many there are, imported ones included: the index of the next. */
  readonly types: number;
  readonly functions: number;
  readonly globals: number;
}

/**
 * Makes a core module show the memories that it would keep to itself, and tell when it is refused memory, since V8 tells nobody: in place of each `memory.grow` and
 * `table.grow` of what is lowered, it calls a function that does the same and sets {@link REFUSED_GROW} when it was the
 * policy that refused. What is added comes last in its index space, so that no index changes. Offsets of code do;
 * `recordCodeChanges` notes by how much, for what debug information says about them.
 *
 * Of a module with an instruction that is not known the code is left as it is.
 *
 * @returns By how many bytes the module grows.
 */
export function instrumentMemory(
  bytes: Uint8Array,
  module: CoreModule,
  lowered: readonly Lowered[],
  edits: Edit[],
): number {
  const survey = surveyGrowth(bytes, module, lowered);
  const shown = privateMemories(module);
  if (survey === undefined) return shown.length === 0 ? 0 : append(bytes, module, EXPORT, shown, edits);
  const { bodies, grown, types, functions, globals } = survey;
  const typeIndices = grown.map((_, place) => leb128(types + place));
  const calls = new Map(grown.map((entry, place) => [entry, [0x10, ...leb128(functions + place)]]));
  const zero = [0x7f, 1, 0x41, 0, 0x0b]; // (mut i32) (i32.const 0)
  const name = new TextEncoder().encode(REFUSED_GROW);
  const flag = [...leb128(name.length), ...name, 3, ...leb128(globals)];
  const code = grown.map((entry) => growFunction(entry, globals));
  return (
    append(bytes, module, TYPE, grown.map(growType), edits) +
    append(bytes, module, FUNCTION, typeIndices, edits) +
    append(bytes, module, GLOBAL, [zero], edits) +
    append(bytes, module, EXPORT, [...shown, flag], edits) +
    append(bytes, module, CODE, code, edits, () => total(bodies, (body) => callInstead(body, calls, edits)))
  );
}

/** Undefined where there is nothing to do, or nothing that can be done. */
function surveyGrowth(bytes: Uint8Array, module: CoreModule, lowered: readonly Lowered[]): Survey | undefined {
  if (lowered.length === 0 || module.exports.some(({ name }) => name === REFUSED_GROW)) return undefined;
  try {
    const bodies = bodiesThatGrow(sectionReader(bytes, module, CODE), lowered);
    if (bodies.length === 0) return undefined;
    const types = sectionReader(bytes, module, TYPE);
    return {
      bodies,
      grown: [...new Set(bodies.flatMap(({ sites }) => sites.map(({ grows }) => grows)))],
      types: total(
        types.vec('types', () => recType(types)),
        ({ length }) => length,
      ),
      functions: imported(module, 'func') + sectionReader(bytes, module, FUNCTION).u32(),
      globals:
        imported(module, 'global') + (module.sections.has(GLOBAL) ? sectionReader(bytes, module, GLOBAL).u32() : 0),
    };
  } catch (error) {
    // Malformed, or newer than this is: the compiler is the judge of that.
    if (error instanceof PluginError) return undefined;
    throw error;
  }
}

function bodiesThatGrow(code: Reader, lowered: readonly Lowered[]): Body[] {
  const bodies = code.vec('functions', (): Body => {
    const start = code.position;
    const length = code.u32();
    const size = { start, end: code.position };
    const content = code.take(length, 'a function');
    const sites = findGrows(new Reader(code.bytes, content)).flatMap(({ kind, index, span }) => {
      const grows = lowered.find((entry) => entry.kind === kind && entry.index === index);
      return grows === undefined ? [] : [{ span, grows }];
    });
    return { size, content, sites };
  });
  return bodies.filter(({ sites }) => sites.length > 0);
}

function callInstead(
  { size, content, sites }: Body,
  calls: ReadonlyMap<Lowered, readonly number[]>,
  edits: Edit[],
): number {
  return resized(content, size, edits, () =>
    total(sites, ({ span, grows }) => replace(edits, span, calls.get(grows)!)),
  );
}

function imported({ imports }: CoreModule, kind: CoreImport['type']['kind']): number {
  return imports.filter(({ type }) => type.kind === kind).length;
}

function total<T>(list: readonly T[], of: (entry: T) => number): number {
  return list.reduce((sum, entry) => sum + of(entry), 0);
}
