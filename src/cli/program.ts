import { Command } from 'commander';
import { VERSION } from '../package/version.ts';
import { cleanLogLine } from '../text/log-line.ts';

const EPILOGUE = `
Exit status: 0 done, 1 the plugin or a record failed, 2 wrong usage or an unusable plugin,
3 more failures than --max-failures allows.
Results go to stdout, everything else to stderr.`;

/** The commands, in the order of the help; each is loaded when it is asked for. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  inspect: async () => (await import('./inspect.ts')).inspectCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  run: async () => (await import('./run.ts')).runCommand(),
  call: async () => (await import('./call.ts')).callCommand(),
  batch: async () => (await import('./batch.ts')).batchCommand(),
  serve: async () => (await import('./serve.ts')).serveCommand(),
  submit: async () => (await import('./submit.ts')).submitCommand(),
  worker: async () => (await import('./worker.ts')).workerCommand(),
  conformance: async () => (await import('./conformance.ts')).conformanceCommand(),
  bench: async () => (await import('./bench.ts')).benchCommand(),
  cache: async () => (await import('./cache.ts')).cacheCommand(),
  replay: async () => (await import('./replay.ts')).replayCommand(),
  pull: async () => (await import('./pull.ts')).pullCommand(),
  push: async () => (await import('./push.ts')).pushCommand(),
  sign: async () => (await import('./sign.ts')).signCommand(),
  new: async () => (await import('./new.ts')).newCommand(),
  build: async () => (await import('./build.ts')).buildCommand(),
  componentize: async () => (await import('./componentize.ts')).componentizeCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  types: async () => (await import('./types.ts')).typesCommand(),
  schema: async () => (await import('./schema.ts')).schemaCommand(),
  completion: async () => (await import('./completion.ts')).completionCommand(createProgram),
};

/**
 * The command line. Commands set the process's exit status, or throw a Failure.
 *
 * @param wanted The first argument: where it is a command, no other one is loaded. @default all of them
 */
export async function createProgram(wanted?: string): Promise<Command> {
  const program = new Command('wasm-plugin-pool')
    .description('Run WebAssembly component plugins that nobody has to trust.')
    .version(VERSION)
    .configureOutput({
      // Commander breaks the line before its suggestion; a failure is one line.
      outputError: (text, write) => write(`${cleanLogLine(text.trim().replaceAll('\n', ' '))}\n`),
    })
    .exitOverride()
    .addHelpText('after', EPILOGUE);
  const one = wanted !== undefined && Object.hasOwn(COMMANDS, wanted) ? COMMANDS[wanted] : undefined;
  const loaders = one !== undefined ? [one] : wanted === '--version' ? [] : Object.values(COMMANDS);
  for (const command of await Promise.all(loaders.map((load) => load()))) {
    program.addCommand(command.copyInheritedSettings(program));
    for (const subcommand of command.commands) subcommand.copyInheritedSettings(command);
  }
  return program;
}
