import { CallCodecs } from '../canonical-abi/runtime/calls/call-codec.ts';
import type { PluginVersion } from '../registry/plugin-version.ts';
import type { CallableFunctions } from '../request/function-call.ts';

const callables = new WeakMap<PluginVersion, CallableFunctions>();

/** What can be called of a version; made when it is called first. */
export function callableOf(version: PluginVersion): CallableFunctions {
  let callable = callables.get(version);
  if (callable === undefined) {
    const { binding } = version.lane.definition;
    const codecs = binding.kind === 'direct' ? new CallCodecs(binding.plan) : undefined;
    callable = { functions: version.component.summary.functions, codecs };
    callables.set(version, callable);
  }
  return callable;
}
