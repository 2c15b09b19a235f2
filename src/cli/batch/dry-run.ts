import type { BatchSummary } from '../../batch/file/tally.ts';
import { count } from '../printable.ts';
import type { RecordsCommandOptions } from './records.ts';

/** Reasons that are named. */
const NAMED = 20;

/** What a run would do with its files, and why records of the dry run are without success. */
export function describeDryRun(
  { reasons = [] }: BatchSummary,
  { input, output, deadLetter, resume }: RecordsCommandOptions,
): string[] {
  const named = (path: string, stream: string): string => (path === '-' ? stream : `\`${path}\``);
  const letters = deadLetter === undefined ? '' : `, and those without success to \`${deadLetter}\``;
  const how = resume ? 'go on with' : 'write';
  return [
    `A dry run: nothing was written. A run would read ${named(input, 'standard input')} and ${how} ${named(output, 'standard output')}${letters}.`,
    ...reasons.slice(0, NAMED).map(({ code, reason, count: records, line }) => {
      const kind = code === undefined ? 'refused' : code;
      return `  ${count(records)} × ${kind}: ${reason} (first on line ${line})`;
    }),
    ...(reasons.length > NAMED ? [`  and ${reasons.length - NAMED} other reasons`] : []),
  ];
}
