import { Command } from 'commander';
import { type BatchFileOptions, runBatchFile } from './batch/pipeline.ts';
import { configOption, countOption, readSandbox, requestOption, sandboxOption } from './options.ts';

const EXAMPLES = `
Input, one JSON object a line:
  {"id": "a", "input": "text", "options": {"key": "value"}}      id and options may be left out
Output, one JSON object for each of them:
  {"id": "a", "index": 0, "ok": true, "output": "…", "success": true}
  {"id": "b", "index": 1, "ok": false, "error": {"code": "ERR_TRAP", "message": "…"}}

Examples:
  $ wasm-plugin-pool batch redact.wasm --input letters.jsonl --output redacted.jsonl
  $ wasm-plugin-pool batch redact.wasm --input in.jsonl --output out.jsonl --dead-letter failed.jsonl --ordered
  $ jq -c '{input: .body}' mails.json | wasm-plugin-pool batch redact.wasm | jq -r .output`;

/** `batch`: a whole file. */
export function batchCommand(): Command {
  return new Command('batch')
    .description('Run every line of a JSONL file through a plugin.')
    .argument('<plugin>', 'the path of a component')
    .option('--input <file>', 'JSONL to read; - is standard input', '-')
    .option('--output <file>', 'JSONL to write; - is standard output', '-')
    .option('--dead-letter <file>', 'also write the records that failed here, as they came, with their errors')
    .addOption(countOption('--concurrency <n>', 'records in flight at once (default: 256)', { min: 1, max: 1_000_000 }))
    .addOption(
      countOption('--threads <n>', 'worker threads (default: the number of processors)', { min: 1, max: 1024 }),
    )
    .option('--ordered', 'write results in the order of the records')
    .addOption(requestOption('option of the records that bring none; may be repeated'))
    .addOption(configOption())
    .addOption(sandboxOption())
    .option('--json', 'print the summary as JSON: on stdout, or on stderr where stdout has the results')
    .option('--quiet', 'leave out the progress bar and what the plugin logs')
    .addHelpText('after', EXAMPLES)
    .action(async (plugin: string, options: BatchFileOptions) => {
      process.exitCode = await runBatchFile(plugin, options, await readSandbox(options.sandbox));
    });
}
