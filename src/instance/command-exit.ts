import type { PluginDefinition } from '../artifact/definition.ts';
import { exportedLifts } from '../canonical-abi/plan/exported-lifts.ts';
import type { WireSink } from '../canonical-abi/runtime/calls/wire.ts';
import { unversioned } from '../canonical-abi/runtime/names.ts';
import type { FunctionCall } from '../contract/values.ts';
import { Exit } from '../host/wasi/exit.ts';

/*
 * A command (`wasi:cli/run`) may end by `wasi:cli/exit` with status 0, as every program of Go does: that is its way to return
 * `ok`. The instance is of no more use in any case, since the guest left its frames as they were.
 */

/** Whether a call ended in that way. */
export function isSuccessfulExit(
  { interface: owner, name }: Pick<FunctionCall, 'interface' | 'name'>,
  error: unknown,
): boolean {
  return (
    error instanceof Exit &&
    error.status === 0 &&
    name === 'run' &&
    owner !== undefined &&
    unversioned(owner) === 'wasi:cli/run'
  );
}

/** The same for a function by its number; writes the `ok` that it stands for. */
export function tookSuccessfulExit(
  { binding }: PluginDefinition,
  number: number,
  error: unknown,
  sink: WireSink,
): boolean {
  if (!(error instanceof Exit) || binding.kind !== 'direct') return false;
  if (!isSuccessfulExit(exportedLifts(binding.plan)[number]!, error)) return false;
  // A `result` without payloads is its discriminant.
  sink.view.setUint8(sink.reserve(1), 0);
  return true;
}
