import type { PluginVersion } from '../../src/registry/plugin-version.ts';
import type { FairQueue } from '../../src/scheduler/fair-queue.ts';
import { openLane } from './lanes.ts';

/** A version of a plugin that is never run: for tests of who serves. */
export function fakeVersion(queue: FairQueue, name: string, plugin = 'plugin'): PluginVersion {
  const lane = openLane(queue, plugin, {}, name);
  const { contract, policy } = lane.definition;
  const component = {
    sha256: '',
    contract,
    summary: { bytes: 0, imports: [], exports: [], functions: [], types: [], memories: [], maxBytes: 0, features: [] },
    open: () => lane,
  };
  return {
    lane,
    component,
    source: name,
    signer: undefined,
    metadata: undefined,
    policy,
    options: {},
    loadedAt: new Date(0),
  };
}
