import type { Recording } from './recording.ts';
import type { Tape } from './tape.ts';

/**
 * An option of a load that programs do not see: the plugin's calls to its host are answered from a tape, and who supplies its
 * imports need not be there. What it did is told as recordings are.
 */
export const PLAYBACK: unique symbol = Symbol('playback');

/** See {@link PLAYBACK}. */
export interface Playback {
  readonly tape: Tape;
  readonly onRecording: (recording: Recording) => void;
}

/** What {@link PLAYBACK} of a load is, if it has one. */
export function playbackOf(options: object): Playback | undefined {
  return (options as { readonly [PLAYBACK]?: Playback })[PLAYBACK];
}
