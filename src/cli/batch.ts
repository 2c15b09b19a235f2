import { Command, Option } from 'commander';
import { MAX_TIMER_MS } from '../arguments.ts';
import { INPUT_FORMATS, OUTPUT_FORMATS } from '../batch/file/format.ts';
import { type BatchCommandOptions, runBatchCommand } from './batch/pipeline.ts';
import {
  concurrencyOption,
  configOption,
  countOption,
  pairs,
  pathsOption,
  readSandbox,
  requestOption,
  sandboxOption,
} from './options.ts';

const EXAMPLES = `
Input, one JSON object a line (or CSV with a column \`input\`, or plain lines):
  {"id": "a", "input": "text", "options": {"key": "value"}}      id and options may be left out
Output, one JSON object for each of them:
  {"id": "a", "index": 0, "ok": true, "output": "…", "success": true}
  {"id": "b", "index": 1, "ok": false, "error": {"code": "ERR_TRAP", "message": "…"}}
Files that end in .gz and .zst are compressed.

Examples:
  $ wasm-plugin-pool batch redact.wasm --input letters.jsonl --output redacted.jsonl
  $ wasm-plugin-pool batch redact.wasm --input in.jsonl --output out.jsonl --resume        after it was killed
  $ wasm-plugin-pool batch redact.wasm --input in.csv.gz --output out.jsonl.zst --dead-letter failed.jsonl --ordered
  $ wasm-plugin-pool batch redact.wasm --then word-count.wasm --input in.txt --output out.jsonl
  $ jq -c '{input: .body}' mails.json | wasm-plugin-pool batch redact.wasm | jq -r .output`;

/** `batch`: a whole file. */
export function batchCommand(): Command {
  return new Command('batch')
    .description('Run every record of a file through a plugin.')
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
    .addOption(concurrencyOption())
    .addOption(
      countOption('--threads <n>', 'worker threads (default: the number of processors)', { min: 1, max: 1024 }),
    )
    .option('--ordered', 'write results in the order of the records')
    .addOption(countOption('--deadline <ms>', 'milliseconds that each record may take', { min: 1, max: MAX_TIMER_MS }))
    .addOption(
      countOption('--retries <n>', 'attempts after the first one, of what the engine failed', { min: 0, max: 999 }),
    )
    .option('--idempotent', 'let records that had begun run again, too')
    .option('--resume', 'go on where a run of the same batch was killed')
    .option('--retry-dead-letters', 'run the records of --dead-letter again, and put their results into the output')
    .option('--at-most-once', 'let records that may have been running then fail instead of running again')
    .option('--journal <file>', 'where the run keeps how far it is (default: the output with .journal)')
    .option('--no-journal', 'keep none; the run cannot be resumed')
    .addOption(requestOption('option of the records that bring none; may be repeated'))
    .addOption(configOption())
    .addOption(sandboxOption())
    .option('--json', 'print the summary as JSON: on stdout, or on stderr where stdout has the results')
    .option('--quiet', 'leave out the progress bar and what the plugin logs')
    .addHelpText('after', EXAMPLES)
    .action(async (plugin: string, options: BatchCommandOptions) => {
      process.exitCode = await runBatchCommand(plugin, options, await readSandbox(options.sandbox));
    });
}
