import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { wholeNumber } from '../arguments/arguments.ts';
import type { RequestOptions } from '../contract/values.ts';
import type { Sandbox } from '../host/policy/policy.ts';
import { readPolicyFile } from '../host/policy/policy-file.ts';
import type { VerifyOptions } from '../signature/verify-options.ts';
import { Failure, fileFailure, unusable } from './failure.ts';

/** `--sandbox`, for the commands that run a plugin under a policy. */
export function sandboxOption(): Option {
  return new Option('--sandbox <policy>', 'restricted, standard, or the path of a JSON file').default('restricted');
}

/** `--config`, which may be repeated. */
export function configOption(): Option {
  return pairs('--config <key=value>', 'configuration that the plugin is started with; may be repeated');
}

/** `--import`, which may be repeated. */
export function importOption(): Option {
  return pairs('--import <interface=module>', 'a module of yours that supplies what plugins import; may be repeated');
}

/** `--option`, which may be repeated. */
export function requestOption(description: string): Option {
  return pairs('--option <key=value>', description);
}

/** An option with a whole number. */
export function countOption(flags: string, description: string, range: { min: number; max: number }): Option {
  const option = new Option(flags, description);
  return option.argParser((text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : text;
    return wholeNumber(option.long!, value, { ...range, default: range.min });
  });
}

/** Seconds that what runs has to end after an interrupt. */
export const GRACE_SECONDS = 10;

/** `--grace`. */
export function graceOption(): Option {
  const range = { min: 0, max: 86_400 };
  return countOption('--grace <s>', 'seconds that what runs has to end after SIGTERM or Ctrl-C (default: 10)', range);
}

/** `--redis` and `--queue`, for the commands of a distributed queue. */
export function queueOptions(): Option[] {
  return [
    new Option('--redis <url>', 'Redis or Valkey (default: redis://127.0.0.1:6379)').env('REDIS_URL'),
    new Option('--queue <name>', 'the name of the queue (default: wasm-plugin-pool)'),
  ];
}

/** `--concurrency`: a number, or `adaptive`. */
export function concurrencyOption(): Option {
  const range = { min: 1, max: 1_000_000 };
  const option = countOption('--concurrency <n>', 'records in flight at once, or adaptive (default: 256)', range);
  const { parseArg } = option;
  return option.argParser((text, previous) => (text === 'adaptive' ? text : parseArg!(text, previous)));
}

/** An option with a text, often a path, which may be repeated. */
export function repeated(flags: string, description: string): Option {
  return new Option(flags, description)
    .argParser((text, previous: readonly string[]) => [...previous, text])
    .default([], 'none');
}

/** An option with pairs, which may be repeated. */
export function pairs(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option
    .argParser((text, previous: RequestOptions) => {
      const at = text.indexOf('=');
      if (at < 1) throw new Failure(2, `Expected \`${option.long}\` to be key=value, got \`${text}\`.`);
      return [...previous, [text.slice(0, at), text.slice(at + 1)] as const];
    })
    .default([], 'none');
}

/** `--verify-key`, for the commands that load what may be signed. */
export function verifyKeyOption(): Option {
  return repeated(
    '--verify-key <file>',
    'a public key in PEM, one of which has to have signed the plugin; may be repeated',
  );
}

/** `--record`, for the commands that run plugins for others. */
export function recordOption(): Option {
  return new Option('--record <folder>', 'keep requests that fail as files there, for `replay`');
}

/** Who has to have signed a plugin, by the files of `--verify-key`. @returns undefined where there are none. */
export async function readVerify(paths: readonly string[]): Promise<VerifyOptions | undefined> {
  if (paths.length === 0) return undefined;
  return { keys: await Promise.all(paths.map((path) => readText(path))) };
}

/** A file of text that the command line names. @throws {Failure} with status 2. */
export async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileFailure('read', path, error);
  });
}

/** The policy that `--sandbox` names: a preset, or what a JSON file says. */
export async function readSandbox(name: string): Promise<Sandbox> {
  if (name === 'restricted' || name === 'standard') return name;
  try {
    return await readPolicyFile(name);
  } catch (error) {
    throw unusable(error);
  }
}
