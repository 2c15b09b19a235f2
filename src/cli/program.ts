import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { Command } from 'commander';
import { cleanLogLine } from '../log-line.ts';
import { batchCommand } from './batch.ts';
import { cacheCommand } from './cache.ts';
import { checkCommand } from './check.ts';
import { inspectCommand } from './inspect.ts';
import { runCommand } from './run.ts';

const EPILOGUE = `
Exit status: 0 done, 1 the plugin or a record failed, 2 wrong usage or an unusable plugin.
Results go to stdout, everything else to stderr.`;

/** The command line. Commands set the process's exit status, or throw a Failure. */
export function createProgram(): Command {
  const program = new Command('wasm-plugin-pool')
    .description('Run WebAssembly component plugins that nobody has to trust.')
    .version(packageVersion())
    .configureOutput({
      // Commander breaks the line before its suggestion; a failure is one line.
      outputError: (text, write) => write(`${cleanLogLine(text.trim().replaceAll('\n', ' '))}\n`),
    })
    .exitOverride()
    .addHelpText('after', EPILOGUE);
  for (const command of [inspectCommand(), checkCommand(), runCommand(), batchCommand(), cacheCommand()]) {
    program.addCommand(command.copyInheritedSettings(program));
    for (const subcommand of command.commands) subcommand.copyInheritedSettings(command);
  }
  return program;
}

function packageVersion(): string {
  const path = findPackageJSON(import.meta.url)!;
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
