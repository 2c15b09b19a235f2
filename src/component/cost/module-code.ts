import type { CoreModule } from '../core-ast.ts';
import type { Span } from '../reader.ts';
import { SECTION, sectionReader } from '../section-edits.ts';
import { assertWithin, FUNCTION_BOUNDS } from './bounds.ts';
import { coreFunctions } from './core-functions.ts';
import { type FunctionCost, functionCost } from './function-cost.ts';

/** A function of a core module, and what it costs. */
export interface MeasuredFunction {
  /** Its index in the module, imported ones counted. */
  readonly index: number;
  /** Its locals and its code. */
  readonly body: Span;
  readonly cost: FunctionCost;
}

/**
 * Measures the functions of a core module, one after the other.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT` at an instruction that is not known.
 */
export function* measureFunctions(bytes: Uint8Array, module: CoreModule): Generator<MeasuredFunction> {
  const code = sectionReader(bytes, module, SECTION.code);
  if (code.done) return;
  const functions = coreFunctions(bytes, module);
  const count = code.u32();
  for (let place = 0; place < count; place++) {
    const index = functions.imported + place;
    const body = code.take(code.u32(), 'a function');
    yield { index, body, cost: functionCost(bytes, body, functions, index) };
  }
}

/** @throws {PluginError} `ERR_COMPONENT_TOO_COMPLEX` */
export function assertFunctionWithin({ index, cost }: MeasuredFunction, place: number): void {
  for (const kind of Object.keys(FUNCTION_BOUNDS) as (keyof typeof FUNCTION_BOUNDS)[]) {
    assertWithin(FUNCTION_BOUNDS[kind], cost[kind], `function ${index} of core module ${place}`);
  }
}
