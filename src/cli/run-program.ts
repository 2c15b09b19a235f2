import { StringDecoder } from 'node:string_decoder';
import type { RequestOptions } from '../contract/values.ts';
import type { PluginEngine } from '../engine.ts';
import { PluginError } from '../errors.ts';
import type { CommandOutput } from '../request/run-options.ts';
import { explain, Failure, isReaderGone, toFailure } from './failure.ts';
import { printable } from './printable.ts';

/** What `run` says of a command: a component that exports `wasi:cli/run`. */
interface ProgramOptions {
  /** What it reads; `-` is standard input. @default standard input */
  readonly input?: string;
  readonly args: readonly string[];
  readonly env: RequestOptions;
  readonly option: RequestOptions;
  readonly json?: true;
}

/**
 * Runs a command with the standard streams of this process.
 *
 * @returns Its own exit status.
 * @throws {Failure} where it has none: it trapped, ran into a limit, or could not be run.
 */
export async function runProgram(
  engine: PluginEngine,
  name: string,
  { input = '-', args, env, option, json }: ProgramOptions,
  signal: AbortSignal,
): Promise<number> {
  if (json || option.length > 0) {
    throw new Failure(
      2,
      'A command answers no request: leave out `--json` and `--option`, and give it arguments behind `--`.',
    );
  }
  try {
    const { status } = await engine.run(name, {
      args,
      // Of a name that is given twice the last value counts.
      env: Object.fromEntries(env),
      stdin: input === '-' ? process.stdin : input,
      stdout: outlet(process.stdout),
      stderr: outlet(process.stderr),
      signal,
    });
    return status;
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    if (isReaderGone(error.cause)) throw new Failure(0, '', error);
    throw new Failure(toFailure(error).status, explain(error), error, error.backtrace);
  }
}

/** Byte for byte into a file or pipe; a terminal is not to obey what a command writes. */
function outlet(stream: NodeJS.WriteStream): CommandOutput {
  if (!stream.isTTY) return stream;
  // A character may be in two pieces.
  const decoder = new StringDecoder();
  return (bytes) =>
    new Promise((resolve, reject) => {
      stream.write(printable(decoder.write(bytes)), (error) => (error ? reject(error) : resolve()));
    });
}
