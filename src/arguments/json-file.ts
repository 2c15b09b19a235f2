import { PluginError } from '../errors.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { systemHint, systemReason } from '../text/system-error.ts';
import { readRegularFile } from './regular-file.ts';

/** Far more than a policy that lists every directory and host of a large installation. */
const MAX_BYTES = 1024 * 1024;

/** What a file is to hold, for its errors. */
export interface JsonFileKind {
  /** `policy`: "The policy `x.json` is not JSON". */
  readonly what: string;
  /** What such an object looks like. */
  readonly example: string;
  /** What to do when there is no such file. */
  readonly hint?: string;
}

/**
 * Reads a JSON file that holds an object, without the `$schema` by which an editor knows what may be in it.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`, naming the file, when it cannot be read, is no JSON or no object.
 */
export async function readJsonObject(path: string, kind: JsonFileKind): Promise<Record<string, unknown>> {
  const text = await readText(path, kind);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`The ${kind.what} \`${path}\` is not JSON: ${(error as SyntaxError).message}`, undefined, error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`The ${kind.what} \`${path}\` is not an object`, `Write it as \`${kind.example}\`.`);
  }
  // An editor's: it names the schema of the file, and is none of its fields.
  const { $schema, ...fields } = value as Record<string, unknown>;
  return typeof $schema === 'string' ? fields : (value as Record<string, unknown>);
}

/** Runs a check of what a file holds; what it throws names the file. */
export function checkedAs<Result>(path: string, { what }: JsonFileKind, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    throw invalid(`The ${what} \`${path}\` is not valid: ${error.message}`, error.hint, error);
  }
}

async function readText(path: string, { what, hint }: JsonFileKind): Promise<string> {
  try {
    return new TextDecoder().decode(await readRegularFile(path, MAX_BYTES));
  } catch (error) {
    const why = systemReason(error) ?? (error as Error).message;
    throw invalid(`Cannot read the ${what} \`${path}\`: ${why}`, systemHint(error) ?? hint, error);
  }
}

function invalid(message: string, hint: string | undefined, cause?: unknown): PluginError {
  // It repeats a path, and a piece of the file where that is no JSON.
  return new PluginError('ERR_INVALID_ARGUMENT', cleanLogLine(message), { hint, cause });
}
