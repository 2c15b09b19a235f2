import type { PluginEngine } from '../../engine.ts';
import type { Policy } from '../../host/policy/policy.ts';
import { PLAYBACK, type Playback } from '../../recording/playback.ts';
import type { Recording } from '../../recording/recording.ts';

/**
 * Runs what was recorded with a component, which meets nothing of this machine: its calls to the host are answered as they were.
 *
 * @param config What stands for values that the recording was made without.
 * @returns What it did now.
 * @throws {PluginError} where the component does not load.
 */
export async function play(
  engine: PluginEngine,
  recording: Recording,
  component: Uint8Array,
  config: Readonly<Record<string, string>>,
): Promise<Recording> {
  const { plugin, version, request, start, calls } = recording;
  let replayed: Recording | undefined;
  const playback: Playback = {
    tape: { start, calls },
    onRecording: (now) => {
      if (now.request.requestId === request.requestId) replayed = now;
    },
  };
  await engine.loadPlugin(plugin, component, {
    sandbox: policyOf(recording),
    version,
    config: { ...recording.config, ...config },
    ...{ [PLAYBACK]: playback },
  });
  try {
    const { input, options, requestId } = request;
    // How it ends is in the recording that is made of it, unless it was refused before it was a request.
    await engine.process(plugin, { input, options }, { requestId }).catch((error: unknown) => {
      if (replayed === undefined) throw error;
    });
    return replayed!;
  } finally {
    await engine.unloadPlugin(plugin, { force: true });
  }
}

/** Its limits; what it was granted it needs no more, and may not be here. Limits that there were not are `null` in JSON. */
function policyOf({ policy }: Recording): Policy {
  const { sha256: _, ...limits } = policy;
  const set = Object.entries(limits).filter(([, value]) => value !== null && value !== undefined);
  const nothing = { allowFsRead: [], allowFsWrite: [], allowNetwork: [], allowEnv: [], instances: 'warm' } as const;
  return { ...Object.fromEntries(set), ...nothing };
}
