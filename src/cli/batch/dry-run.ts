import type { FileBatchOptions } from '../../batch/file/options.ts';
import { placeOf } from '../../batch/file/record.ts';
import type { BatchSummary } from '../../batch/file/tally.ts';
import { count, counted } from '../printable.ts';
import type { RecordsCommandOptions } from './records.ts';

/** Reasons that are named. */
const NAMED = 20;

/** What a run would do with its files, and why records of the dry run are without success. */
export function describeDryRun(
  { reasons = [] }: BatchSummary,
  input: FileBatchOptions['input'],
  { output, deadLetter, resume }: RecordsCommandOptions,
): string[] {
  const named = (path: string, stream: string): string => (path === '-' ? stream : `\`${path}\``);
  const inputs = [input].flat();
  const others = inputs.length === 1 ? '' : ` and ${counted(inputs.length - 1, 'other input')}`;
  const read = `${named(inputs[0]!, 'standard input')}${others}`;
  const letters = deadLetter === undefined ? '' : `, and those without success to \`${deadLetter}\``;
  const how = resume ? 'go on with' : 'write';
  return [
    `A dry run: nothing was written. A run would read ${read} and ${how} ${named(output, 'standard output')}${letters}.`,
    ...reasons.slice(0, NAMED).map(({ code, reason, count: records, file, line }) => {
      const kind = code === undefined ? 'refused' : code;
      return `  ${count(records)} × ${kind}: ${reason} (first on ${file === undefined ? `line ${line}` : placeOf({ file, line })})`;
    }),
    ...(reasons.length > NAMED ? [`  and ${reasons.length - NAMED} other reasons`] : []),
  ];
}
