import { Command, Option } from 'commander';
import { INPUT_FORMATS, type InputFormat, OUTPUT_FORMATS, type OutputFormat } from '../batch/file/format.ts';
import { type SubmittedPlugin, submitBatch } from '../distributed/index.ts';
import type { RequestOptions } from '../protocol.ts';
import { Progress } from './batch/progress.ts';
import { describeSummary } from './batch/summary.ts';
import { interruptible } from './interrupt.ts';
import { configOption, countOption, pairs, pathsOption, queueOptions, requestOption } from './options.ts';
import { printJson, say } from './output.ts';
import { pluginName } from './session.ts';

interface SubmitCommandOptions {
  readonly redis?: string;
  readonly queue?: string;
  readonly input: string;
  readonly output: string;
  readonly deadLetter?: string;
  readonly inputFormat?: InputFormat;
  readonly outputFormat?: OutputFormat;
  readonly then: readonly string[];
  readonly plugin: RequestOptions;
  readonly ordered?: true;
  readonly chunk?: number;
  readonly maxChunks?: number;
  readonly priority?: number;
  readonly tenant?: string;
  readonly deadline?: number;
  readonly retries?: number;
  readonly idempotent?: true;
  readonly resume?: true;
  readonly atMostOnce?: true;
  readonly retryDeadLetters?: true;
  readonly option: RequestOptions;
  readonly config: RequestOptions;
  readonly json?: true;
  readonly quiet?: true;
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
    .option('--input <file>', 'the records; - is standard input', '-')
    .option('--output <file>', 'where results go; - is standard output', '-')
    .option('--dead-letter <file>', 'also write the records that failed here, as they came, with their errors')
    .addOption(
      new Option('--input-format <format>', 'what the records look like (default: by name)').choices(INPUT_FORMATS),
    )
    .addOption(
      new Option('--output-format <format>', 'what results look like (default: by name)').choices(OUTPUT_FORMATS),
    )
    .addOption(pathsOption('--then <plugin>', 'a plugin that takes the output as its input; may be repeated'))
    .addOption(pairs('--plugin <name=path>', 'a plugin that records name in a field `plugin`; may be repeated'))
    .option('--ordered', 'write results in the order of the records')
    .addOption(countOption('--chunk <n>', 'records in a chunk (default: 1000)', { min: 1, max: 1_000_000 }))
    .addOption(
      countOption('--max-chunks <n>', 'chunks that are queued or run at once (default: 64)', { min: 1, max: 1e6 }),
    )
    .addOption(countOption('--priority <n>', 'chunks of a lower number go first', { min: 1, max: 2_097_151 }))
    .option('--tenant <name>', 'on whose account it runs, for the rates of the workers')
    .addOption(countOption('--deadline <ms>', 'milliseconds that each record may take', { min: 1, max: 2 ** 31 - 1 }))
    .addOption(
      countOption('--retries <n>', 'attempts after the first one, of what the engine failed', { min: 0, max: 999 }),
    )
    .option('--idempotent', 'let records that had begun run again, too')
    .option('--resume', 'go on where a submission of the same batch was killed')
    .option('--retry-dead-letters', 'run the records of --dead-letter again, and put their results into the output')
    .option('--at-most-once', 'let records that may have been running when their worker died fail')
    .addOption(requestOption('option of the records that bring none; may be repeated'))
    .addOption(configOption())
    .option('--json', 'print the summary as JSON: on stdout, or on stderr where stdout has the results')
    .option('--quiet', 'leave out the progress bar')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: SubmitCommandOptions) => {
      process.exitCode = await submit(path, options);
    });
  for (const option of queueOptions()) command.addOption(option);
  return command;
}

function submit(path: string, options: SubmitCommandOptions): ReturnType<typeof interruptible<0 | 1 | 130 | 143>> {
  return interruptible(async (interrupt) => {
    const { input, output, quiet = false, json } = options;
    const { redis, queue, deadLetter, inputFormat, outputFormat, chunk, maxChunks, priority, tenant } = options;
    const { deadline, retries } = options;
    const config = Object.fromEntries(options.config);
    const plugins = new Map<string, SubmittedPlugin>([[pluginName(path), { component: path, config }]]);
    for (const [name, component] of options.plugin) plugins.set(name, { component, config });
    for (const component of options.then) plugins.set(pluginName(component), { component, config });
    const progress = new Progress(!quiet);
    try {
      const summary = await submitBatch({
        plugins: Object.fromEntries(plugins),
        plugin: pluginName(path),
        chain: options.then.map(pluginName),
        input,
        output,
        ordered: options.ordered ?? false,
        idempotent: options.idempotent ?? false,
        resume: options.resume ?? false,
        atMostOnce: options.atMostOnce ?? false,
        retryDeadLetters: options.retryDeadLetters ?? false,
        options: options.option,
        interrupt: interrupt.signal,
        progressIntervalMs: 100,
        onProgress: (state) => progress.update({ ...state, inFlight: state.chunks, plugins: [] }),
        onMalformed: (line, reason) => say(`Line ${line} is malformed: ${reason}`),
        ...(redis !== undefined && { redis }),
        ...(queue !== undefined && { queue }),
        ...(deadLetter !== undefined && { deadLetter }),
        ...(inputFormat !== undefined && { inputFormat }),
        ...(outputFormat !== undefined && { outputFormat }),
        ...(chunk !== undefined && { chunkRecords: chunk }),
        ...(maxChunks !== undefined && { maxChunks }),
        ...(priority !== undefined && { priority }),
        ...(tenant !== undefined && { tenant }),
        ...(deadline !== undefined && { deadlineMs: deadline }),
        ...(retries !== undefined && { retry: { attempts: retries + 1 } }),
      });
      progress.stop();
      if (json && output !== '-') await printJson(summary);
      else if (json) say(JSON.stringify(summary));
      else for (const line of describeSummary(summary)) say(line);
      if (summary.interrupted && output !== '-' && !options.retryDeadLetters)
        say('Run it again with --resume to go on; workers go on meanwhile.');
      return (interrupt.status as 130 | 143 | undefined) ?? (summary.succeeded === summary.records ? 0 : 1);
    } finally {
      progress.stop();
    }
  });
}
