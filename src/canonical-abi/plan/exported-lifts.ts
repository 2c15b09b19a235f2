import type { BindingPlan, Lift } from './plan.ts';

/** A function of the component's own that it exports. */
export interface ExportedLift {
  /** Its interface as the component has it; undefined when it is in none. */
  readonly interface: string | undefined;
  readonly name: string;
  readonly lift: Lift;
}

/** The functions that a component exports, in an order that all threads see alike: a number stands for each. */
export function exportedLifts({ exports }: BindingPlan): readonly ExportedLift[] {
  return exports.flatMap((item): ExportedLift[] => {
    if (item.kind === 'func') return [{ interface: undefined, name: item.name, lift: item.lift }];
    if (item.kind !== 'instance') return [];
    return item.exports.flatMap((member) =>
      member.kind === 'func' ? { interface: item.name, name: member.name, lift: member.lift } : [],
    );
  });
}

/**
 * Whether a function takes and gives bytes as they are between threads: its strings are UTF-8, and nothing in its component
 * waits for anything, so that a call is one call of a core function.
 */
export function passesBytes({ initializers, lineages }: BindingPlan, { context }: Lift): boolean {
  if (lineages !== undefined) return false;
  const contexts = initializers.filter((step) => step.kind === 'context');
  return contexts[context]?.encoding === 'utf8';
}
