import type { Component } from '../../component/ast.ts';
import type { CoreMemory, CoreModule } from '../../component/core-ast.ts';
import { applyEdits, type Edit, leb128, replace, resized } from '../../component/edits.ts';
import { append, SECTION } from '../../component/section-edits.ts';
import { MEMORY_IMPORT } from './plan.ts';

/** The core modules of a component, nested ones included, in the order of the file: `module` of a plan is an index. */
export function coreModulesOf(component: Component, modules: CoreModule[] = []): readonly CoreModule[] {
  for (const definition of component.definitions) {
    if (definition.kind === 'core-module') modules.push(definition.module);
    else if (definition.kind === 'component') coreModulesOf(definition.component, modules);
  }
  return modules;
}

/**
 * The core modules as a plan wants them, in the order of the file: those that define a memory which may serve one
 * instance after the other import it instead; see {@link lentMemory}. All other bytes are those of the file.
 */
export function coreModuleBytes(bytes: Uint8Array, component: Component): Uint8Array<ArrayBuffer>[] {
  return coreModulesOf(component).map((module) => {
    const memory = lentMemory(module);
    const { start, end } = module.span;
    if (memory === undefined) return bytes.slice(start, end);
    const edits: Edit[] = [];
    importMemory(bytes, module, memory, edits);
    const within = edits.map(({ span, bytes }) => ({
      span: { start: span.start - start, end: span.end - start },
      bytes,
    }));
    return Uint8Array.from(applyEdits(bytes.subarray(start, end), within));
  });
}

/**
 * The memory that a core module defines, if its instances are to import it: the only one, so that no index changes.
 */
export function lentMemory({ imports, memories }: CoreModule): CoreMemory | undefined {
  const [memory, second] = memories;
  if (memory === undefined || second !== undefined) return undefined;
  const { shared, wide, pageSizeLog2 } = memory.limits;
  if (shared || wide || pageSizeLog2 !== undefined) return undefined;
  if (imports.some(({ module, type }) => type.kind === 'memory' || module === MEMORY_IMPORT)) return undefined;
  return memory;
}

function importMemory(bytes: Uint8Array, module: CoreModule, { limitsSpan }: CoreMemory, edits: Edit[]): void {
  const name = new TextEncoder().encode(MEMORY_IMPORT);
  const named = [...leb128(name.length), ...name];
  const limits = bytes.subarray(limitsSpan.start, limitsSpan.end);
  append(bytes, module, SECTION.import, [[...named, ...named, 0x02, ...limits]], edits);
  const { content, size } = module.sections.get(SECTION.memory)!;
  resized(content, size, edits, () => replace(edits, content, leb128(0)));
}
