import { assertWithin, CODE_BOUNDS, type CountedInCode } from './bounds.ts';
import type { FunctionCost } from './function-cost.ts';

/**
 * What all functions of a component have together. V8 validates each before the first one runs, on threads of its own:
 * their time is on no plugin's account, and no limit ends it.
 */
export class CodeCost implements Readonly<Record<CountedInCode, number>> {
  locals = 0;
  values = 0;
  outer = 0;

  add({ locals, values, carried, outer }: FunctionCost): void {
    this.locals += locals;
    this.values += values + carried;
    this.outer += outer;
  }
}

/** @throws {PluginError} `ERR_COMPONENT_TOO_COMPLEX` */
export function assertCodeWithin(cost: CodeCost): void {
  for (const kind of Object.keys(CODE_BOUNDS) as CountedInCode[]) {
    assertWithin(CODE_BOUNDS[kind], cost[kind], 'its code');
  }
}
