import type { PluginVersion } from '../../src/registry/plugin-version.ts';
import type { FairQueue } from '../../src/scheduler/fair-queue.ts';
import { openLane } from './lanes.ts';

/** A version of a plugin that is never run: for tests of who serves. */
export function fakeVersion(queue: FairQueue, name: string, plugin = 'plugin'): PluginVersion {
  const lane = openLane(queue, plugin, {}, name);
  const { contract, policy } = lane.definition;
  const artifact = {
    sha256: '',
    key: '',
    contract,
    summary: { bytes: 0, imports: [], exports: [], functions: [], memories: [], maxBytes: 0, features: [] },
    binding: { kind: 'glue' as const, glue: '', reason: '' },
    modules: [],
  };
  return {
    lane,
    artifact,
    modules: new Map(),
    source: name,
    metadata: undefined,
    policy,
    options: {},
    loadedAt: new Date(0),
  };
}
