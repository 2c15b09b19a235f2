import type { CoreModule } from '../core-ast.ts';
import { recType } from '../core-types.ts';
import { SECTION, sectionReader } from '../section-edits.ts';

/** How many values a function or a block takes and gives. */
export interface Arity {
  readonly params: number;
  readonly results: number;
}

/** How many values the functions of a core module take and give. */
export interface CoreFunctions {
  /** How many are imported, which come before those that are defined. */
  readonly imported: number;
  /** By the index of the type. */
  type(index: number): Arity;
  /** By the index of the function. */
  function(index: number): Arity;
}

/** What is no function takes and gives nothing; the validator will say so. */
const NOTHING: Arity = { params: 0, results: 0 };

/** Reads the types of a module and those of its functions. */
export function coreFunctions(bytes: Uint8Array, module: CoreModule): CoreFunctions {
  const types: Arity[] = [];
  const typeSection = sectionReader(bytes, module, SECTION.type);
  if (!typeSection.done) {
    typeSection.vec('types', () => {
      for (const type of recType(typeSection)) types.push(type);
    });
  }
  const functions = module.imports.flatMap(({ type }) => (type.kind === 'func' ? [type.type] : []));
  const imported = functions.length;
  const functionSection = sectionReader(bytes, module, SECTION.function);
  if (!functionSection.done) functionSection.vec('functions', () => void functions.push(functionSection.u32()));
  const type = (index: number): Arity => types[index] ?? NOTHING;
  return { imported, type, function: (index) => type(functions[index] ?? -1) };
}
