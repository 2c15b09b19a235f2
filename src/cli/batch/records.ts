import { Option } from 'commander';
import { MAX_TIMER_MS } from '../../arguments/arguments.ts';
import { INPUT_FORMATS, type InputFormat, OUTPUT_FORMATS, type OutputFormat } from '../../batch/file/format.ts';
import type { FileBatchOptions } from '../../batch/file/options.ts';
import { placeOf } from '../../batch/file/record.ts';
import type { BatchSummary } from '../../batch/file/tally.ts';
import type { RequestOptions } from '../../contract/values.ts';
import { countOption, pairs, repeated, requestOption } from '../options.ts';
import { printJson, say } from '../output.ts';
import { type FieldCommandOptions, fieldOptions, toFields } from './field-options.ts';
import { type SelectionCommandOptions, selectionOptions, toSelection } from './selection-options.ts';
import { describeSummary } from './summary.ts';
import { type TableCommandOptions, tableOptions, toTables } from './tables.ts';

/** What `batch` and `submit` ask alike: which records, through which plugins, into which files. */
export interface RecordsCommandOptions extends FieldCommandOptions, TableCommandOptions, SelectionCommandOptions {
  readonly input: readonly string[];
  readonly output: string;
  readonly deadLetter?: string;
  readonly inputFormat?: InputFormat;
  readonly outputFormat?: OutputFormat;
  readonly then: readonly string[];
  readonly plugin: RequestOptions;
  readonly ordered?: true;
  readonly deadline?: number;
  readonly retries?: number;
  readonly idempotent?: true;
  readonly resume?: true;
  readonly retryDeadLetters?: true;
  readonly atMostOnce?: true;
  readonly option: RequestOptions;
  readonly json?: true;
  readonly quiet?: true;
}

/** Malformed lines that are named on stderr one by one; a wrong file has millions of them. */
const NAMED_LINES = 100;
/** Milliseconds between two looks of a progress bar at the numbers. */
const INTERVAL_MS = 100;

/** The options of {@link RecordsCommandOptions} but for those about what is printed. */
export function recordsOptions(): Option[] {
  return [
    repeated('--input <file>', 'the records, a file or a pattern; may be repeated (default: standard input, -)'),
    new Option('--output <file>', 'where results go; - is standard output').default('-'),
    new Option('--dead-letter <file>', 'also write the records that failed here, as they came, with their errors'),
    new Option('--input-format <format>', 'what the records look like (default: by name)').choices(INPUT_FORMATS),
    new Option('--output-format <format>', 'what results look like (default: by name)').choices(OUTPUT_FORMATS),
    ...fieldOptions(),
    ...tableOptions(),
    repeated('--then <plugin>', 'a plugin that takes the output as its input; may be repeated'),
    pairs('--plugin <name=path>', 'a plugin that records name in a field `plugin`; may be repeated'),
    new Option('--ordered', 'write results in the order of the records'),
    countOption('--deadline <ms>', 'milliseconds that each record may take', { min: 1, max: MAX_TIMER_MS }),
    countOption('--retries <n>', 'attempts after the first one, of what the engine failed', { min: 0, max: 999 }),
    new Option('--idempotent', 'let records that had begun run again, too'),
    new Option('--resume', 'go on where a run of the same batch was killed'),
    new Option('--retry-dead-letters', 'run the records of --dead-letter again, and put their results into the output'),
    new Option('--at-most-once', 'let records that may have been running then fail instead of running again'),
    ...selectionOptions(),
    requestOption('option of the records that bring none; may be repeated'),
  ];
}

/**
 * The same for the library; the plugins are the command's to name.
 *
 * @param inputs Those that were named behind the plugin, as a shell does that finds files itself.
 */
export function toFileBatch(
  inputs: readonly string[],
  options: RecordsCommandOptions,
  interrupt: AbortSignal,
): Omit<FileBatchOptions, 'onProgress'> {
  const { output, deadLetter, inputFormat, outputFormat, deadline, retries } = options;
  let malformed = 0;
  const input = [...options.input, ...inputs];
  return {
    input: input.length === 0 ? '-' : input,
    output,
    ordered: options.ordered ?? false,
    idempotent: options.idempotent ?? false,
    resume: options.resume ?? false,
    atMostOnce: options.atMostOnce ?? false,
    retryDeadLetters: options.retryDeadLetters ?? false,
    options: options.option,
    ...toFields(options),
    ...toTables(options),
    ...toSelection(options),
    interrupt,
    progressIntervalMs: INTERVAL_MS,
    onMalformed: (line, reason, file) => {
      if (++malformed <= NAMED_LINES) say(`${placeOf({ line, file })} is malformed: ${reason}`);
      if (malformed === NAMED_LINES) say('Further malformed lines are counted, and in the output.');
    },
    ...(deadLetter !== undefined && { deadLetter }),
    ...(inputFormat !== undefined && { inputFormat }),
    ...(outputFormat !== undefined && { outputFormat }),
    ...(deadline !== undefined && { deadlineMs: deadline }),
    ...(retries !== undefined && { retry: { attempts: retries + 1 } }),
  };
}

/** Says how it went, where results are not in the way. */
export async function tellSummary(summary: BatchSummary, { json, output }: RecordsCommandOptions): Promise<void> {
  if (json && output !== '-') await printJson(summary);
  else if (json) say(JSON.stringify(summary));
  else for (const line of describeSummary(summary)) say(line);
}
