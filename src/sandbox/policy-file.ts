import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { getSystemErrorMessage } from 'node:util';
import { describe, PluginError } from '../errors.ts';
import { type Policy, resolvePolicy } from './policy.ts';

/** Far more than a policy that lists every directory and host of a large installation. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads a policy from a JSON file: an object with the fields of {@link Policy}. What it leaves out is as in
 * `restricted`.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`, naming the file, when it cannot be read, is no JSON, or is no policy.
 */
export async function readPolicyFile(path: string): Promise<Policy> {
  const text = await readText(path);
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch (error) {
    throw invalid(`The policy \`${path}\` is not JSON: ${(error as SyntaxError).message}`, undefined, error);
  }
  // A preset's name would resolve as well, and is no policy of its own.
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) {
    throw invalid(`The policy \`${path}\` is not an object`, 'Write it as `{"maxMemoryBytes": 8388608, …}`.');
  }
  try {
    resolvePolicy(policy);
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    throw invalid(`The policy \`${path}\` is not valid: ${error.message}`, error.hint, error);
  }
  return policy;
}

async function readText(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (stats.isDirectory()) throw unreadable(path, 'it is a directory');
    if (!stats.isFile()) throw unreadable(path, 'it is not a regular file');
    if (stats.size > MAX_BYTES) throw unreadable(path, `it has ${stats.size} bytes; the limit is ${MAX_BYTES}`);
    return await file.readFile('utf8');
  } catch (error) {
    throw error instanceof PluginError ? error : unreadable(path, reason(error), error);
  } finally {
    await file?.close();
  }
}

function unreadable(path: string, why: string, cause?: unknown): PluginError {
  return invalid(
    `Cannot read the policy \`${path}\`: ${why}`,
    'A policy is one of restricted, standard, or the path of a JSON file.',
    cause,
  );
}

function reason(error: unknown): string {
  const number = error instanceof Error && 'errno' in error ? error.errno : undefined;
  return typeof number === 'number' ? getSystemErrorMessage(number) : describe(error);
}

function invalid(message: string, hint: string | undefined, cause?: unknown): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', message, { hint, cause });
}
