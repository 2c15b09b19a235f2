import type { BindingPlan } from '../../plan/plan.ts';
import { mayWait } from './built-ins.ts';

/**
 * The component instances that call what may have them wait on their stack, while others go on. Where there is only one
 * caller, the host, it waits below those that it waits for.
 */
export function waitingInstances({ initializers, lineages }: BindingPlan): ReadonlySet<number> {
  const waiting = new Set<number>();
  if (lineages === undefined || !initializers.some(({ kind }) => kind === 'adapt')) return waiting;
  const contexts = initializers.filter((step) => step.kind === 'context');
  for (const step of initializers) {
    if (step.kind === 'built-in' && mayWait(step)) waiting.add(step.instance);
    if ((step.kind === 'adapt' || step.kind === 'lower') && !step.async) waiting.add(contexts[step.context]!.instance);
  }
  return waiting;
}
