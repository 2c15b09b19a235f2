import type { PluginDefinition } from '../artifact/definition.ts';
import { PluginError } from '../errors.ts';
import { resolveRecord } from '../recording/options.ts';
import { playbackOf } from '../recording/playback.ts';
import { type Recorded, Recorder } from '../recording/recorder.ts';
import type { RecordingFiles } from '../recording/recording-files.ts';
import type { LoadOptions } from './plugin-version.ts';

/** How the requests of a version are recorded. */
export interface VersionRecorder {
  readonly tape: NonNullable<PluginDefinition['tape']>;
  readonly recorder: Recorder;
}

/** What a tape of one request may have where nothing is written. */
const PLAYED_BYTES = 64 * 2 ** 20;

/**
 * Has the requests of a version recorded as its load says, or played.
 *
 * @param isHere Whether its instances are in threads of this process.
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function recorderOf(
  recorded: Recorded,
  options: LoadOptions,
  files: RecordingFiles,
  isHere: boolean,
): VersionRecorder | undefined {
  const playback = playbackOf(options);
  if (playback !== undefined) {
    const everything = { when: 'all', leaveOut: new Set<string>(), redact: same } as const;
    return {
      tape: { kind: 'play', tape: playback.tape, maxBytes: PLAYED_BYTES },
      recorder: new Recorder(recorded, everything, playback.onRecording, rethrow),
    };
  }
  const record = resolveRecord(options.record);
  if (record === undefined) return undefined;
  if (!isHere || options.placement === 'inline') {
    const why = isHere ? "`placement: 'inline'`" : "`isolation: 'process'`";
    throw new PluginError(
      'ERR_INVALID_ARGUMENT',
      `\`record\` is for plugins that run in threads, and this has ${why}`,
      {
        hint: 'Leave one of the two out.',
      },
    );
  }
  return {
    tape: { kind: 'record', maxBytes: record.maxBytes },
    recorder: new Recorder(
      recorded,
      record,
      (recording) => files.keep(recording, record),
      (error, version) => files.failed(recorded.plugin, version, error),
    ),
  };
}

function same<T>(value: T): T {
  return value;
}

function rethrow(error: unknown): never {
  throw error;
}
