import type { ComponentAnalysis } from '../analyze.ts';
import { assertCodeWithin, CodeCost } from './code-cost.ts';
import { isOrdinary } from './compile-estimate.ts';
import { assertComponentWithin, componentCost } from './component-cost.ts';
import { codeBytesOf, coreTypesOf, type Footprint } from './footprint.ts';
import { assertFunctionWithin, measureFunctions } from './module-code.ts';
import { vettingModule } from './vetting-module.ts';

/** What is known of a component that is within all bounds. */
export interface Compilable {
  /**
   * Core modules of the functions of which V8 could take more than {@link isOrdinary} allows, though no more than real
   * programs do: they are compiled in a process of their own first.
   */
  readonly suspects: readonly Uint8Array<ArrayBuffer>[];
  readonly footprint: Footprint;
}

/**
 * Refuses a component of which V8's compilers could take more memory or time than the process has to give. Looks at the
 * code of the modules that are instantiated: the others are not compiled.
 *
 * @throws {PluginError} `ERR_COMPONENT_TOO_COMPLEX`, or `ERR_INVALID_COMPONENT` for code that is malformed.
 */
export function assertCompilable(bytes: Uint8Array, analysis: Pick<ComponentAnalysis, 'modules'>): Compilable {
  assertComponentWithin(componentCost(bytes, analysis));
  const suspects: Uint8Array<ArrayBuffer>[] = [];
  const types = new Set<number>();
  const code = new CodeCost();
  let codeBytes = 0;
  for (const { index, module, instances } of analysis.modules) {
    if (instances === 0) continue;
    const odd = [];
    for (const measured of measureFunctions(bytes, module)) {
      assertFunctionWithin(measured, index);
      code.add(measured.cost);
      codeBytes += codeBytesOf(measured.cost);
      if (!isOrdinary(measured.cost)) odd.push(measured.body);
    }
    assertCodeWithin(code);
    for (const type of coreTypesOf(bytes, module)) types.add(type);
    if (odd.length > 0) suspects.push(vettingModule(bytes, module, odd));
  }
  return { suspects, footprint: { types: [...types], codeBytes } };
}
