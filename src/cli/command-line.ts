import { CommanderError } from 'commander';
import { formatFrame } from '../text/wasm-frame.ts';
import { toFailure } from './failure.ts';
import { say } from './output.ts';
import { createProgram } from './program.ts';

// A reader that goes away is reported where something is written; without listeners it would be an uncaught exception.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

try {
  const program = await createProgram(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  // Commander has said what was wrong; its status for --help and --version is 0, for wrong usage 1.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    const { status, message, backtrace } = toFailure(error);
    if (status !== 0) say(`error: ${message}`);
    else if (message !== '') say(message);
    for (const frame of backtrace) say(`    at ${formatFrame(frame)}`);
    process.exitCode = status;
  }
}
