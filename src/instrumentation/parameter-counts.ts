import type { CoreModule } from '../component/core-ast.ts';
import { recType } from '../component/core-types.ts';
import { SECTION, sectionReader } from '../component/section-edits.ts';

/** How many parameters each function has that a core module defines, in their order. */
export function parameterCounts(bytes: Uint8Array, module: CoreModule): readonly (number | undefined)[] {
  if (!module.sections.has(SECTION.type) || !module.sections.has(SECTION.function)) return [];
  const types = sectionReader(bytes, module, SECTION.type);
  const params = types.vec('types', () => recType(types)).flatMap((group) => group.map((type) => type.params));
  const functions = sectionReader(bytes, module, SECTION.function);
  return functions.vec('functions', () => params[functions.u32()]);
}
