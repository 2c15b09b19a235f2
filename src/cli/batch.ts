import { Command } from 'commander';
import { type BatchCommandOptions, runBatchCommand } from './batch/pipeline.ts';
import { recordsOptions } from './batch/records.ts';
import { rateOption } from './batch/selection-options.ts';
import { metricsPortOption } from './metrics-server.ts';
import {
  concurrencyOption,
  configOption,
  countOption,
  graceOption,
  importOption,
  readSandbox,
  sandboxOption,
} from './options.ts';

const EXAMPLES = `
Input, one JSON object a line (or CSV with a column \`input\`, or plain lines):
  {"id": "a", "input": "text", "options": {"key": "value"}}      id and options may be left out
Output, one JSON object for each of them:
  {"id": "a", "index": 0, "ok": true, "output": "…", "success": true}
  {"id": "b", "index": 1, "ok": false, "error": {"code": "ERR_TRAP", "message": "…"}}
Files that end in .gz and .zst are compressed. --field says where the input stands in records of others.

Examples:
  $ wasm-plugin-pool batch redact.wasm --input letters.jsonl --output redacted.jsonl
  $ wasm-plugin-pool batch redact.wasm --input in.jsonl --output out.jsonl --resume        after it was killed
  $ wasm-plugin-pool batch redact.wasm --input in.csv.gz --output out.jsonl.zst --dead-letter failed.jsonl --ordered
  $ wasm-plugin-pool batch redact.wasm --input in.jsonl --output out.jsonl --dry-run          first
  $ wasm-plugin-pool batch redact.wasm --then word-count.wasm --input in.txt --output out.jsonl
  $ wasm-plugin-pool batch redact.wasm --input mails.jsonl --output out.jsonl --field body.text --id-field key --pass-fields
  $ wasm-plugin-pool batch redact.wasm --input 'logs/*.jsonl' --input more.csv.gz --output out.jsonl      one after the other
  $ jq -c '{input: .body}' mails.json | wasm-plugin-pool batch redact.wasm | jq -r .output`;

/** `batch`: a whole file. */
export function batchCommand(): Command {
  const command = new Command('batch')
    .description('Run every record of a file through a plugin.')
    .argument('<plugin>', 'the path of a component')
    .argument('[inputs...]', 'more inputs, after those of --input');
  for (const option of recordsOptions()) command.addOption(option);
  return command
    .addOption(concurrencyOption())
    .addOption(
      countOption('--threads <n>', 'worker threads (default: the number of processors)', { min: 1, max: 1024 }),
    )
    .addOption(graceOption())
    .addOption(metricsPortOption())
    .option('--journal <file>', 'where the run keeps how far it is (default: the output with .journal)')
    .option('--no-journal', 'keep none; the run cannot be resumed')
    .addOption(rateOption())
    .option('--dry-run', 'run the first 1,000 records, write nothing, and say what would be')
    .addOption(configOption())
    .addOption(sandboxOption())
    .addOption(importOption())
    .option('--json', 'print the summary as JSON: on stdout, or on stderr where stdout has the results')
    .option('--quiet', 'leave out the progress bar and what the plugin logs')
    .addHelpText('after', EXAMPLES)
    .action(async (plugin: string, inputs: readonly string[], options: BatchCommandOptions) => {
      process.exitCode = await runBatchCommand(plugin, inputs, options, await readSandbox(options.sandbox));
    });
}
