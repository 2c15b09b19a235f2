import { PluginError } from '../errors.ts';
import type { CoreMemory, CoreModule } from './core-ast.ts';
import { shownName } from './names.ts';
import { MAX_NESTING } from './parse-types.ts';
import { invalidAt } from './reader.ts';
import type { CoreInstanceExports } from './types.ts';

/** Core and component instances, nested ones included; the bound that wasmparser sets for one component. */
const MAX_INSTANCES = 1000;
/** Definitions evaluated, each as often as its component is instantiated: bounds the time that nesting can cost. */
const MAX_STEPS = 1_000_000;

/** The mutable state of one elaboration. */
export interface State {
  steps: number;
  depth: number;
  instances: number;
  readonly order: (CoreModule | undefined)[];
  readonly growable: Set<CoreMemory>;
  /** The same by module and memory index: several where the instances of the module are given different ones. */
  readonly memories: Map<CoreModule, readonly Set<CoreMemory>[]>;
  /** What instances of a module export, where that is the same for all of them. */
  readonly exports: Map<object, CoreInstanceExports>;
}

export function newState(): State {
  return {
    steps: 0,
    depth: 0,
    instances: 0,
    order: [],
    growable: new Set(),
    memories: new Map(),
    exports: new Map(),
  };
}

/** Bounds the work: each definition costs a step, and one for each of its parts. */
export function step(state: State, offset: number, parts = 0): void {
  state.steps += 1 + parts;
  if (state.steps > MAX_STEPS) throw invalidAt(offset, `it takes more than ${MAX_STEPS} steps to link`);
}

export function deeper(state: State, offset: number): void {
  if (++state.depth > MAX_NESTING) throw invalidAt(offset, `instances nest more than ${MAX_NESTING} deep`);
}

export function countInstance(state: State, offset: number): void {
  if (++state.instances > MAX_INSTANCES) throw invalidAt(offset, `it makes more than ${MAX_INSTANCES} instances`);
}

export function link(offset: number, what: string, name: string): PluginError {
  return new PluginError('ERR_LINK', `The component does not link, at byte ${offset}: ${what} ${shownName(name)}`, {
    hint: 'Compose it again, with parts that were built against the same interfaces.',
  });
}
