import type { Component } from '../../component/ast.ts';
import type { CoreMemory, CoreModule } from '../../component/core-ast.ts';
import { applyEdits, type Edit, leb128, replace, resized } from '../../component/edits.ts';
import { append, SECTION } from '../../component/section-edits.ts';
import { MEMORY_IMPORT, memoryImport } from './plan.ts';

/** The core modules of a component, nested ones included, in the order of the file: `module` of a plan is an index. */
export function coreModulesOf(component: Component, modules: CoreModule[] = []): readonly CoreModule[] {
  for (const definition of component.definitions) {
    if (definition.kind === 'core-module') modules.push(definition.module);
    else if (definition.kind === 'component') coreModulesOf(definition.component, modules);
  }
  return modules;
}

/**
 * The core modules as a plan wants them, in the order of the file: those that define memories which may serve one
 * instance after the other import them instead; see {@link lentMemories}. All other bytes are those of the file.
 */
export function coreModuleBytes(bytes: Uint8Array, component: Component): Uint8Array<ArrayBuffer>[] {
  return coreModulesOf(component).map((module) => {
    const memories = lentMemories(module);
    const { start, end } = module.span;
    if (memories.length === 0) return bytes.slice(start, end);
    const edits: Edit[] = [];
    importMemories(bytes, module, memories, edits);
    const within = edits.map(({ span, bytes }) => ({
      span: { start: span.start - start, end: span.end - start },
      bytes,
    }));
    return Uint8Array.from(applyEdits(bytes.subarray(start, end), within));
  });
}

/**
 * The memories that a core module defines, if its instances are to import them: all or none, behind those that it imports
 * already, so that no index changes.
 */
export function lentMemories({ imports, memories }: CoreModule): readonly CoreMemory[] {
  const isLendable = memories.every(
    ({ limits: { shared, wide, pageSizeLog2 } }) => !shared && !wide && pageSizeLog2 === undefined,
  );
  return isLendable && !imports.some(({ module }) => module === MEMORY_IMPORT) ? memories : [];
}

function importMemories(bytes: Uint8Array, module: CoreModule, memories: readonly CoreMemory[], edits: Edit[]): void {
  const entries = memories.map(({ limitsSpan }, place) => {
    const limits = bytes.subarray(limitsSpan.start, limitsSpan.end);
    return [...nameOf(MEMORY_IMPORT), ...nameOf(memoryImport(place)), 0x02, ...limits];
  });
  append(bytes, module, SECTION.import, entries, edits);
  const { content, size } = module.sections.get(SECTION.memory)!;
  resized(content, size, edits, () => replace(edits, content, leb128(0)));
}

function nameOf(text: string): readonly number[] {
  const name = new TextEncoder().encode(text);
  return [...leb128(name.length), ...name];
}
