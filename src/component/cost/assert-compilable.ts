import type { ComponentAnalysis } from '../analyze.ts';
import { assertComponentWithin, componentCost } from './component-cost.ts';
import { assertFunctionWithin, measureFunctions } from './module-code.ts';

/**
 * Refuses a component of which V8's compilers could take more memory or time than the process has to give. Looks at the
 * code of the modules that are instantiated: the others are not compiled.
 *
 * @throws {PluginError} `ERR_COMPONENT_TOO_COMPLEX`, or `ERR_INVALID_COMPONENT` for code that is malformed.
 */
export function assertCompilable(bytes: Uint8Array, analysis: ComponentAnalysis): void {
  assertComponentWithin(componentCost(bytes, analysis));
  for (const { index, module, instances } of analysis.modules) {
    if (instances === 0) continue;
    for (const measured of measureFunctions(bytes, module)) assertFunctionWithin(measured, index);
  }
}
