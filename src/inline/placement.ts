import { invalidArgument, wholeNumber } from '../arguments/arguments.ts';
import type { PluginDefinition } from '../artifact/definition.ts';
import { shownName } from '../component/names.ts';
import { PluginError } from '../errors.ts';
import type { HostFunctions } from '../host/imports/main-thread.ts';
import type { ResolvedPolicy } from '../host/policy/policy.ts';

/** The options of a load that say where its requests run; `LoadOptions` describes them. */
export interface PlacementOptions {
  readonly placement?: 'worker' | 'inline';
  readonly inlineInstructions?: number;
  readonly overBudget?: 'trap' | 'worker';
}

/** A plugin whose requests run on the thread that asks for them. */
export interface ResolvedInline {
  /** The most that a request may run there; those of a worker have the `maxInstructions` of the policy. */
  readonly instructions: number;
  readonly overBudget: 'trap' | 'worker';
}

/** What takes about 50 µs. */
const DEFAULT_INSTRUCTIONS = 100_000;

/**
 * Checks the options; undefined where requests run in workers.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function resolvePlacement({
  placement = 'worker',
  inlineInstructions,
  overBudget = 'trap',
}: PlacementOptions): ResolvedInline | undefined {
  if (placement !== 'worker' && placement !== 'inline')
    throw invalidArgument('placement', "'worker' or 'inline'", placement);
  if (overBudget !== 'trap' && overBudget !== 'worker')
    throw invalidArgument('overBudget', "'trap' or 'worker'", overBudget);
  const instructions = wholeNumber('inlineInstructions', inlineInstructions, {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    default: DEFAULT_INSTRUCTIONS,
  });
  return placement === 'inline' ? Object.freeze({ instructions, overBudget }) : undefined;
}

/**
 * Refuses what could hold its caller's thread for longer than its budget of instructions.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function assertInline(
  { policy, binding }: Pick<PluginDefinition, 'policy' | 'binding'>,
  functions: HostFunctions,
): void {
  if (policy.maxInstructions === undefined) {
    throw refusal('its policy has no `maxInstructions`, and nothing else ends it there', 'Give the policy one.');
  }
  const waits = waitingGrant(policy);
  if (waits !== undefined) {
    throw refusal(`its policy has \`${waits}\`, and what that grants makes its thread wait`, 'Leave it in workers.');
  }
  if (binding.kind === 'direct' && binding.plan.lineages !== undefined) {
    throw refusal('the component has async functions, whose calls may wait', 'Leave it in workers.');
  }
  for (const [name, offered] of functions) {
    for (const [func, body] of Object.entries(offered)) {
      if (body.constructor.name !== 'AsyncFunction') continue;
      const hint = 'Supply a function that returns its value, or leave the plugin in workers.';
      throw refusal(`\`${func}\` of ${shownName(name)} is an async function, for which it cannot wait`, hint);
    }
  }
}

function waitingGrant(policy: ResolvedPolicy): string | undefined {
  return (['allowFsRead', 'allowFsWrite', 'allowNetwork'] as const).find((grant) => policy[grant].length > 0);
}

function refusal(why: string, hint: string): PluginError {
  return new PluginError(
    'ERR_INVALID_ARGUMENT',
    `The plugin cannot run on its caller's thread (\`placement: 'inline'\`): ${why}`,
    { hint },
  );
}
