import type { Buffer } from 'node:buffer';
import type { Writable } from 'node:stream';
import { invalidArgument, knownKeys } from '../arguments/arguments.ts';
import type { ProcessOptions } from './process-options.ts';

/**
 * Where a command's output goes: a stream of Node or of the web, which stays open, or a function; it is given more when
 * it has taken what it was given before.
 *
 * @example
 * const stdout: CommandOutput = (chunk) => console.log(chunk.length);
 * await engine.run('tool', { stdout });
 */
export type CommandOutput = Writable | WritableStream<Uint8Array> | ((chunk: Buffer) => void | Promise<void>);

/**
 * What a command reads as standard input.
 *
 * @example
 * const stdin: CommandInput = ['ada\n', 'bob\n'];
 * await engine.run('tool', { stdin });
 */
export type CommandInput =
  | string
  | Uint8Array
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>;

/**
 * What a command is run with, beside what may be said about any request.
 *
 * @example
 * const options: RunOptions = { args: ['--count', '3'], stdin: 'ada\nbob\n', deadlineMs: 1000 };
 * const { status, stdout } = await engine.run('tool', options);
 */
export interface RunOptions extends ProcessOptions {
  /** The arguments behind the program's name, which is that of the plugin. @default [] */
  readonly args?: readonly string[];
  /**
   * What standard input has: a text, bytes, or a stream of either, which is read as fast as the command reads and is
   * cancelled when that ends. @default nothing
   */
  readonly stdin?: CommandInput;
  /** Where standard output goes. @default into the result */
  readonly stdout?: CommandOutput;
  /** Where standard error goes. @default into the result */
  readonly stderr?: CommandOutput;
  /** Environment variables, beside those that the policy lets it see, which they replace. @default {} */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * How a command ended, and what it wrote where nobody else took it.
 *
 * @example
 * const result: RunResult = await engine.run('tool', { args: ['--help'] });
 * if (result.status !== 0) console.error(result.stderr.toString());
 */
export interface RunResult {
  /** The command's own exit status: 0 for success. */
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

const KEYS = [
  'args',
  'stdin',
  'stdout',
  'stderr',
  'env',
  'signal',
  'deadlineMs',
  'priority',
  'requestId',
  'version',
  'whenFull',
] as const satisfies readonly (keyof RunOptions)[];

/** What a command is given as text. */
export interface CommandTexts {
  readonly args: readonly string[];
  readonly environment: readonly (readonly [string, string])[];
}

/**
 * Checks the options of a run, but for those of any request and the streams.
 *
 * @returns The texts, copied, and the options of any request.
 */
export function resolveRunOptions(options: RunOptions): { texts: CommandTexts; request: ProcessOptions } {
  knownKeys('options', options, KEYS);
  const { args = [], env = {}, stdin: _in, stdout: _out, stderr: _err, ...request } = options;
  if (!Array.isArray(args)) throw invalidArgument('args', 'an array of strings', args);
  for (const [index, arg] of args.entries()) assertText(`args[${index}]`, arg);
  if (typeof env !== 'object' || env === null || Array.isArray(env)) {
    throw invalidArgument('env', 'an object of strings', env);
  }
  const environment = Object.entries(env);
  for (const [key, value] of environment) {
    if (key === '' || /[=\0]/.test(key)) throw invalidArgument('env', 'names without `=` and NUL', key);
    assertText(`env.${key}`, value);
  }
  return { texts: { args: [...args], environment }, request };
}

/** Programs take them as text that ends with a NUL. */
function assertText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value.includes('\0') || !value.isWellFormed())
    throw invalidArgument(name, 'a string of Unicode without NUL', value);
}
