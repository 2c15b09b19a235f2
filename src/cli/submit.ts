import { Command } from 'commander';
import type { RequestOptions } from '../contract/values.ts';
import { type SubmittedPlugin, submitBatch } from '../distributed/index.ts';
import { namePlugins } from './batch/plugin-names.ts';
import { Progress } from './batch/progress.ts';
import { type RecordsCommandOptions, recordsOptions, tellSummary, toFileBatch } from './batch/records.ts';
import { Failure } from './failure.ts';
import { interruptible } from './interrupt.ts';
import { configOption, countOption, GRACE_SECONDS, graceOption, queueOptions } from './options.ts';
import { say } from './output.ts';
import { asksForBatches, type BatchesCommandOptions, runBatchesCommand } from './submit/batches.ts';

interface SubmitCommandOptions extends RecordsCommandOptions, BatchesCommandOptions {
  readonly redis?: string;
  readonly queue?: string;
  readonly chunk?: number;
  readonly maxChunks?: number;
  readonly priority?: number;
  readonly tenant?: string;
  readonly keep?: number;
  readonly grace?: number;
  readonly config: RequestOptions;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool submit redact.wasm --input letters.jsonl --output redacted.jsonl --redis redis://queue.example.org
  $ wasm-plugin-pool submit redact.wasm --input in.csv --output out.jsonl --tenant acme --priority 10 --resume
  $ wasm-plugin-pool submit --status                   the batches of the queue
  $ wasm-plugin-pool submit --cancel 0b5e6f3c-…        what is done stays, and --resume goes on
  $ wasm-plugin-pool submit --purge 0b5e6f3c-…         nothing stays`;

/** `submit`: a batch that workers run. */
export function submitCommand(): Command {
  const command = new Command('submit')
    .description('Have workers run every record of a file through a plugin.')
    .argument('[plugin]', 'the path of a component')
    .argument('[inputs...]', 'more inputs, after those of --input');
  for (const option of [...recordsOptions(), ...queueOptions()]) command.addOption(option);
  return command
    .addOption(countOption('--chunk <n>', 'records in a chunk (default: 1000)', { min: 1, max: 1_000_000 }))
    .addOption(
      countOption('--max-chunks <n>', 'chunks that are queued or run at once (default: 64)', { min: 1, max: 1e6 }),
    )
    .addOption(countOption('--priority <n>', 'chunks of a lower number go first', { min: 1, max: 2_097_151 }))
    .option('--tenant <name>', 'on whose account it runs, for the rates of the workers')
    .addOption(
      countOption('--keep <s>', 'seconds that Redis knows how it ended (default: 0)', { min: 0, max: 604_800 }),
    )
    .option('--status [batch]', 'say how a batch is that was submitted, or all of the queue')
    .option('--cancel <batch>', 'take a batch out of the queue; it can be resumed')
    .option('--purge <batch>', 'have Redis forget a batch, and the results that nobody has collected')
    .addOption(graceOption())
    .addOption(configOption())
    .option('--json', 'print the summary as JSON: on stdout, or on stderr where stdout has the results')
    .option('--quiet', 'leave out the progress bar')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string | undefined, inputs: readonly string[], options: SubmitCommandOptions) => {
      const { redis, queue, json = false } = options;
      if (asksForBatches(options)) {
        await runBatchesCommand(
          options,
          { ...(redis !== undefined && { redis }), ...(queue !== undefined && { queue }) },
          json,
        );
        return;
      }
      if (path === undefined)
        throw new Failure(2, 'Name a plugin, or ask for a batch with --status, --cancel or --purge.');
      process.exitCode = await submit(path, inputs, options);
    });
}

function submit(
  path: string,
  inputs: readonly string[],
  options: SubmitCommandOptions,
): ReturnType<typeof interruptible<0 | 1 | 130 | 143>> {
  return interruptible(async (interrupt) => {
    const { redis, queue, chunk, maxChunks, priority, tenant, keep, quiet = false } = options;
    const config = Object.fromEntries(options.config);
    const { main, chain, paths } = await namePlugins(path, options.plugin, options.then);
    const plugins = [...paths].map(([name, component]): [string, SubmittedPlugin] => [name, { component, config }]);
    const progress = new Progress(!quiet);
    try {
      const summary = await submitBatch({
        ...toFileBatch(inputs, options, interrupt.signal),
        plugins: Object.fromEntries(plugins),
        plugin: main,
        chain,
        onTrouble: say,
        onSubmitted: (batch) => {
          if (!quiet) say(`Batch ${batch}: submit --status, --cancel and --purge know it by that.`);
        },
        onProgress: (state) => progress.update({ ...state, inFlight: state.chunks, plugins: [] }),
        ...(redis !== undefined && { redis }),
        ...(queue !== undefined && { queue }),
        ...(chunk !== undefined && { chunkRecords: chunk }),
        ...(maxChunks !== undefined && { maxChunks }),
        ...(priority !== undefined && { priority }),
        ...(tenant !== undefined && { tenant }),
        ...(keep !== undefined && { keepSeconds: keep }),
      });
      progress.stop();
      await tellSummary(summary, options);
      if (summary.resumable) say('Run it again with --resume to go on; workers go on meanwhile.');
      return (interrupt.status as 130 | 143 | undefined) ?? (summary.succeeded === summary.records ? 0 : 1);
    } finally {
      progress.stop();
    }
  }, options.grace ?? GRACE_SECONDS);
}
