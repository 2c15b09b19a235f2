import type { Signature, TypeIndex, TypeNode } from '../plan/plan.ts';
import { partsOf } from '../plan/type-table.ts';
import type { HostFunction } from './functions.ts';
import { type LookAtResource, misfit } from './misfit.ts';
import { identityOf, isHeld, type ResourceType, typeOfHeld } from './resources.ts';

/** A function of one instance that may pass resources of the instance, for whoever holds these. */
export interface ResourceFunction {
  readonly call: HostFunction;
  /** Why it is not to be called with such arguments, in words; undefined where it may be. Nothing of the guest's runs. */
  refusal(args: readonly unknown[]): string | undefined;
}

/** @param resources The resource types of the instance, by their numbers. */
export function resourceFunction(
  call: HostFunction,
  { params, result }: Signature,
  types: readonly TypeNode[],
  resources: readonly ResourceType[],
): ResourceFunction {
  const passed = [...params, ...(result === undefined ? [] : [result])];
  const seen = new Set<TypeIndex>();
  const obstacle = passed
    .map((index) => obstacleOf(types, index, resources, seen))
    .find((found) => found !== undefined);
  return {
    call,
    refusal(args) {
      if (obstacle !== undefined) return `the function passes ${obstacle}`;
      const look = looker(resources);
      for (const [at, type] of params.entries()) {
        const found = misfit(types, type, args[at], `args[${at}]`, look);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** What a resource has to be for one call: of the type, the host's still, and passed on no more than once. */
function looker(resources: readonly ResourceType[]): LookAtResource {
  const uses = new Map<unknown, 'own' | 'borrow'>();
  return ({ kind, resource }, value) => {
    if (typeOfHeld(value) === undefined) return 'a resource of this session';
    if (typeOfHeld(value) !== resources[resource]) return 'a resource of another type';
    if (!isHeld(value as object)) return 'a resource that was neither dropped nor passed on';
    const identity = identityOf(value as object);
    const use = uses.get(identity);
    uses.set(identity, kind);
    return use === undefined || (use === 'borrow' && kind === 'borrow')
      ? undefined
      : 'a resource that the same call does not pass on';
  };
}

/** What only the thread of an instance knows, or the host, among what a type is made of. What was seen is not looked at again. */
function obstacleOf(
  types: readonly TypeNode[],
  index: TypeIndex,
  resources: readonly ResourceType[],
  seen: Set<TypeIndex>,
): string | undefined {
  if (seen.has(index)) return undefined;
  seen.add(index);
  const type = types[index]!;
  if (type.kind === 'stream' || type.kind === 'future') return `a ${type.kind}`;
  if (type.kind === 'own' || type.kind === 'borrow') {
    return resources[type.resource]?.instance === undefined
      ? 'a resource that the component does not define'
      : undefined;
  }
  for (const part of partsOf(type)) {
    const found = obstacleOf(types, part, resources, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}
