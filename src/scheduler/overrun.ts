import { PluginError } from '../errors.ts';
import type { ResolvedPolicy } from '../host/policy/policy.ts';
import type { Phase } from '../pool/thread-status.ts';
import type { Overrun } from './watch.ts';

const CODES = { cpuTimeLimitMs: 'ERR_CPU_TIME_LIMIT', wallTimeLimitMs: 'ERR_WALL_TIME_LIMIT' } as const;
const WHAT = { cpuTimeLimitMs: 'CPU time', wallTimeLimitMs: 'wall time' } as const;

/** The error of a request whose guest code ran over a limit of its policy. */
export function overrunError(overrun: Overrun, phase: Phase, policy: ResolvedPolicy): PluginError {
  const limit = { name: overrun, value: policy[overrun] };
  const error = new PluginError(
    CODES[overrun],
    `The plugin used more than ${limit.value} ms of ${WHAT[overrun]} in \`${phase}\``,
    {
      limit,
      hint: `Raise \`${overrun}\` in the policy if the plugin needs it.`,
    },
  );
  if (phase !== 'instantiate' && phase !== 'initialize' && phase !== 'get-metadata') return error;
  return new PluginError('ERR_INITIALIZE_FAILED', `The plugin could not be started. ${error.message}`, {
    limit,
    hint: error.hint,
    cause: error,
  });
}
