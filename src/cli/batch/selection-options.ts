import { Option } from 'commander';
import { invalidArgument } from '../../arguments/arguments.ts';
import type { FileBatchOptions } from '../../batch/file/options.ts';
import { countOption } from '../options.ts';

/** Which records run and when it is enough, as `batch` and `submit` ask it. */
export interface SelectionCommandOptions {
  readonly skip?: number;
  readonly limit?: number;
  readonly shard?: string;
  readonly sample?: string;
  readonly seed?: number;
  readonly maxFailures?: string;
}

const MOST = 999_999_999_999_999;

/** The options of {@link SelectionCommandOptions}. */
export function selectionOptions(): Option[] {
  return [
    countOption('--skip <n>', 'leave out so many records at the beginning', { min: 0, max: MOST }),
    countOption('--limit <n>', 'run so many records at the most', { min: 1, max: MOST }),
    new Option('--shard <i/n>', 'run one part of several: 2/8 is each eighth record, from the second on'),
    new Option('--sample <share>', 'run a share of the records, such as 1% or 0.01, the same ones each time'),
    countOption('--seed <n>', 'which sample (default: 0)', { min: 0, max: 2 ** 32 - 1 }),
    new Option(
      '--max-failures <n>',
      'end with status 3 when more records are without success, a number or a share: 5%',
    ),
  ];
}

/** The same for the library. */
export function toSelection(options: SelectionCommandOptions): Pick<FileBatchOptions, keyof SelectionCommandOptions> {
  const { skip, limit, shard, sample, seed, maxFailures } = options;
  return {
    ...(skip !== undefined && { skip }),
    ...(limit !== undefined && { limit }),
    ...(shard !== undefined && { shard: shard as `${number}/${number}` }),
    ...(sample !== undefined && { sample: number(sample) }),
    ...(seed !== undefined && { seed }),
    ...(maxFailures !== undefined && { maxFailures: number(maxFailures) }),
  };
}

/** A number where there is one; the library says what else it may be. */
function number(text: string): number | `${number}%` {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : (text as `${number}%`);
}

/** `--rate`. */
export function rateOption(): Option {
  const option = new Option('--rate <n>', 'records that begin in a second, at the most');
  return option.argParser((text) => {
    const rate = Number(text);
    if (/^\d+(?:\.\d+)?$/.test(text) && rate >= 0.001 && rate <= 1e9) return rate;
    throw invalidArgument(option.long!, 'a number of records in a second, from 0.001 up', text);
  });
}
