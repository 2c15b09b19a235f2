import { Command } from 'commander';
import type { RequestOptions } from '../contract/values.ts';
import { type SubmittedPlugin, submitBatch } from '../distributed/index.ts';
import { namePlugins } from './batch/plugin-names.ts';
import { Progress } from './batch/progress.ts';
import { type RecordsCommandOptions, recordsOptions, tellSummary, toFileBatch } from './batch/records.ts';
import { interruptible } from './interrupt.ts';
import { configOption, countOption, GRACE_SECONDS, graceOption, queueOptions } from './options.ts';
import { say } from './output.ts';

interface SubmitCommandOptions extends RecordsCommandOptions {
  readonly redis?: string;
  readonly queue?: string;
  readonly chunk?: number;
  readonly maxChunks?: number;
  readonly priority?: number;
  readonly tenant?: string;
  readonly grace?: number;
  readonly config: RequestOptions;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool submit redact.wasm --input letters.jsonl --output redacted.jsonl --redis redis://queue.example.org
  $ wasm-plugin-pool submit redact.wasm --input in.csv --output out.jsonl --tenant acme --priority 10 --resume`;

/** `submit`: a batch that workers run. */
export function submitCommand(): Command {
  const command = new Command('submit')
    .description('Have workers run every record of a file through a plugin.')
    .argument('<plugin>', 'the path of a component')
    .argument('[inputs...]', 'more inputs, after those of --input');
  for (const option of [...recordsOptions(), ...queueOptions()]) command.addOption(option);
  return command
    .addOption(countOption('--chunk <n>', 'records in a chunk (default: 1000)', { min: 1, max: 1_000_000 }))
    .addOption(
      countOption('--max-chunks <n>', 'chunks that are queued or run at once (default: 64)', { min: 1, max: 1e6 }),
    )
    .addOption(countOption('--priority <n>', 'chunks of a lower number go first', { min: 1, max: 2_097_151 }))
    .option('--tenant <name>', 'on whose account it runs, for the rates of the workers')
    .addOption(graceOption())
    .addOption(configOption())
    .option('--json', 'print the summary as JSON: on stdout, or on stderr where stdout has the results')
    .option('--quiet', 'leave out the progress bar')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, inputs: readonly string[], options: SubmitCommandOptions) => {
      process.exitCode = await submit(path, inputs, options);
    });
}

function submit(
  path: string,
  inputs: readonly string[],
  options: SubmitCommandOptions,
): ReturnType<typeof interruptible<0 | 1 | 130 | 143>> {
  return interruptible(async (interrupt) => {
    const { redis, queue, chunk, maxChunks, priority, tenant, output, quiet = false } = options;
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
        onProgress: (state) => progress.update({ ...state, inFlight: state.chunks, plugins: [] }),
        ...(redis !== undefined && { redis }),
        ...(queue !== undefined && { queue }),
        ...(chunk !== undefined && { chunkRecords: chunk }),
        ...(maxChunks !== undefined && { maxChunks }),
        ...(priority !== undefined && { priority }),
        ...(tenant !== undefined && { tenant }),
      });
      progress.stop();
      await tellSummary(summary, options);
      if (summary.interrupted && output !== '-' && !options.retryDeadLetters)
        say('Run it again with --resume to go on; workers go on meanwhile.');
      return (interrupt.status as 130 | 143 | undefined) ?? (summary.succeeded === summary.records ? 0 : 1);
    } finally {
      progress.stop();
    }
  }, options.grace ?? GRACE_SECONDS);
}
