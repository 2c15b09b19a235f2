import { PluginError } from '../../errors.ts';
import type { ChildEnd } from './child.ts';
import { SILENT_LOOKS } from './silence.ts';

/** What fails with a child that is gone. */
export function gone(end?: ChildEnd): PluginError {
  const how = end === undefined ? '' : ` (${howEnded(end)})`;
  return new PluginError('ERR_WORKER_CRASHED', `The process that runs the plugin ended${how}`, {
    hint: 'It is started again; what was going on there has to be asked for again.',
  });
}

/** In words: what ended it. */
export function howEnded({ by, status, lastWords }: ChildEnd): string {
  const why = {
    itself: status,
    close: 'it was closed',
    memory: 'it had more memory than `isolation.maxMemoryBytes`',
    silence: `it said nothing for ${SILENT_LOOKS} seconds`,
    protocol: 'it said what the protocol does not have',
    start: `it did not start: ${status}`,
  }[by];
  return lastWords === '' || by !== 'itself' ? why : `${why}; it said: ${lastWords.slice(0, 300)}`;
}
