import { Command } from 'commander';
import type { RequestOptions } from '../contract/values.ts';
import { type ExitStatus, explain, Failure } from './failure.ts';
import { type Inspection, inspectComponent } from './inspection.ts';
import { describeInspection } from './inspection-text.ts';
import { configOption } from './options.ts';
import { print, printJson } from './output.ts';

interface InspectOptions {
  readonly config: RequestOptions;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool inspect redact.wasm
  $ wasm-plugin-pool inspect redact.wasm --json | jq -r .sha256

Everything but the metadata is read from the file. For the metadata the plugin runs, under the policy restricted.`;

/** `inspect`: what a plugin is made of. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('Show the contract, imports, exports, memories, size, hashes and metadata of a plugin.')
    .argument('<plugin>', 'the path of a component')
    .addOption(configOption())
    .option('--json', 'print everything as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (plugin: string, options: InspectOptions) => {
      process.exitCode = await inspect(plugin, options);
    });
}

async function inspect(path: string, options: InspectOptions): Promise<ExitStatus> {
  const inspection: Inspection = await inspectComponent(path, options.config);
  await (options.json ? printJson(inspection) : print(describeInspection(inspection)));
  if (!inspection.contract.fits && inspection.standard === undefined)
    throw new Failure(2, explain(inspection.contract.error));
  return 0;
}
