import type { UnrecoverableError } from 'bullmq';
import { resolveBatchOptions } from '../batch/options.ts';
import { type Chunk, type ChunkResult, FORM } from './chunk.ts';
import { queueFailure } from './redis.ts';

/**
 * What comes out of Redis was written by another program: by a worker of another version, or by anybody who may write
 * there. It is looked at before it is believed.
 */

/**
 * The chunk of a job.
 *
 * @throws what `hopeless` makes, for one that nobody can run: forms of other versions have queues of their own.
 */
export function toChunk(data: unknown, hopeless: (message: string) => UnrecoverableError): Chunk {
  if (!isObject(data)) throw hopeless('The job has no chunk');
  if (data.form !== FORM) {
    throw hopeless(`The chunk has form ${JSON.stringify(data.form)?.slice(0, 20)} in the queue of form ${FORM}`);
  }
  const { batch, chunk, tenant, recipe, once, records, lines } = data;
  const sound =
    typeof batch === 'string' &&
    isCount(chunk) &&
    typeof tenant === 'string' &&
    (once === undefined || typeof once === 'string') &&
    isRecipe(recipe) &&
    (lines === undefined ? Array.isArray(records) && records.every(isRecord) : isLines(lines)) &&
    // Of one kind: whatever is not looked at is not there.
    (lines === undefined || (once === undefined && records === undefined));
  if (!sound) throw hopeless('The job has a chunk that is none');
  return data as unknown as Chunk;
}

/**
 * What became of a record.
 *
 * @throws {PluginError} `ERR_BATCH_QUEUE`.
 */
export function toChunkResult(index: number, text: string): ChunkResult {
  const value = parsed(text);
  if (isObject(value) && (isAnswered(value) || isFailed(value))) return value as unknown as ChunkResult;
  throw queueFailure(
    `Redis has a result of record ${index} that is none`,
    undefined,
    'A worker of another version may have written it, or somebody else. Mend that, purge the batch, and submit it anew.',
  );
}

function isAnswered({ response }: Fields): boolean {
  if (!isObject(response)) return false;
  const { output, success, errorMessage } = response;
  return isText(output) && typeof success === 'boolean' && (errorMessage === undefined || isText(errorMessage));
}

function isFailed({ error, attempts }: Fields): boolean {
  if (!isObject(error) || !isCount(attempts)) return false;
  const { code, message, hint } = error;
  // Not asked for Unicode: a message may quote the record, the name of a plugin that it asks for.
  return isErrorCode(code) && typeof message === 'string' && (hint === undefined || typeof hint === 'string');
}

/** Another version may have codes that this one has not. */
export function isErrorCode(value: unknown): boolean {
  return typeof value === 'string' && /^ERR_[A-Z0-9_]{1,60}$/.test(value);
}

function isRecipe(value: unknown): boolean {
  if (!isObject(value) || !Array.isArray(value.plugins)) return false;
  const { plugins, plugin, chain, deadlineMs, retry, idempotent } = value;
  return (
    (plugins as unknown[]).every(isPlugin) &&
    typeof idempotent === 'boolean' &&
    isObject(retry) &&
    [retry.attempts, retry.backoffMs, retry.maxBackoffMs].every(isCount) &&
    isAccepted({ plugin, chain, deadlineMs, retry, idempotent })
  );
}

/** Whether a batch that runs here would take them: what it refuses, each try of the chunk would be refused for. */
function isAccepted(options: Fields): boolean {
  if (!Array.isArray(options.chain)) return false;
  try {
    resolveBatchOptions(options);
    return true;
  } catch {
    return false;
  }
}

function isPlugin(value: unknown): boolean {
  if (!isObject(value) || !isObject(value.config)) return false;
  const { name, sha256, config } = value;
  const hashed = typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
  return typeof name === 'string' && hashed && Object.values(config).every((entry) => typeof entry === 'string');
}

function isLines(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { kind, output, letters, options, file, firstIndex, firstLine, count } = value;
  return (
    [kind, output].every((form) => form === 'jsonl' || form === 'lines') &&
    (letters === 'yes' || letters === 'no') &&
    Array.isArray(options) &&
    options.every(isPair) &&
    (file === undefined || isText(file)) &&
    [firstIndex, firstLine, count].every(isCount) &&
    // What a selection can have.
    (count as number) > 0 &&
    (firstIndex as number) + (count as number) < Number.MAX_SAFE_INTEGER
  );
}

function isRecord(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { index, input, options, plugin } = value;
  if (!isCount(index) || !isText(input) || (plugin !== undefined && typeof plugin !== 'string')) return false;
  return options === undefined || (Array.isArray(options) && options.every(isPair));
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isText);
}

type Fields = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A string of WIT: Unicode, without halves of a pair. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
