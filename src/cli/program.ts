import { Command } from 'commander';
import { packageVersion } from '../package/root.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { batchCommand } from './batch.ts';
import { benchCommand } from './bench.ts';
import { buildCommand } from './build.ts';
import { cacheCommand } from './cache.ts';
import { checkCommand } from './check.ts';
import { componentizeCommand } from './componentize.ts';
import { conformanceCommand } from './conformance.ts';
import { doctorCommand } from './doctor.ts';
import { inspectCommand } from './inspect.ts';
import { newCommand } from './new.ts';
import { runCommand } from './run.ts';
import { submitCommand } from './submit.ts';
import { typesCommand } from './types.ts';
import { workerCommand } from './worker.ts';

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
  for (const command of [
    inspectCommand(),
    checkCommand(),
    runCommand(),
    batchCommand(),
    submitCommand(),
    workerCommand(),
    conformanceCommand(),
    benchCommand(),
    cacheCommand(),
    newCommand(),
    buildCommand(),
    componentizeCommand(),
    doctorCommand(),
    typesCommand(),
  ]) {
    program.addCommand(command.copyInheritedSettings(program));
    for (const subcommand of command.commands) subcommand.copyInheritedSettings(command);
  }
  return program;
}
