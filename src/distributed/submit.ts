import { wholeNumber } from '../arguments/arguments.ts';
import { readSource } from '../artifact/source.ts';
import { assertDistinct } from '../batch/file/distinct-files.ts';
import { withBatchFiles } from '../batch/file/files.ts';
import { withInputPaths } from '../batch/file/input-paths.ts';
import type { FileBatchOptions, ResolvedFileBatchOptions } from '../batch/file/options.ts';
import { resolveFileBatchOptions } from '../batch/file/resolve-options.ts';
import { retryDeadLetters } from '../batch/file/retry-dead-letters.ts';
import type { BatchSummary } from '../batch/file/tally.ts';
import { PluginError } from '../errors.ts';
import { isError } from '../text/is-error.ts';
import { FORM } from './chunk.ts';
import { sha256 } from './components.ts';
import type { QueueOptions } from './options.ts';
import { QueueCalls } from './queue-calls.ts';
import { connect, FORGET_SECONDS, type QueueConnection, queueFailure } from './redis.ts';
import { Submission, type SubmissionSettings, type SubmitProgress } from './submission.ts';

/**
 * A plugin of a distributed batch.
 *
 * @example
 * const redact: SubmittedPlugin = { component: 'redact.wasm', config: { mask: '#' } };
 * await submitBatch({ plugins: { redact }, plugin: 'redact', input: 'in.jsonl', output: 'out.jsonl' });
 */
export interface SubmittedPlugin {
  /** A path, or the bytes of a component. */
  readonly component: string | Uint8Array;
  /** What it is started with. @default {} */
  readonly config?: Readonly<Record<string, string>>;
}

/**
 * A batch from a file into a file, run by workers anywhere.
 *
 * @example
 * const options: SubmitOptions = {
 *   plugins: { redact: { component: 'redact.wasm' } },
 *   plugin: 'redact',
 *   input: 'in.jsonl',
 *   output: 'out.jsonl',
 * };
 * await submitBatch(options);
 */
export interface SubmitOptions
  extends QueueOptions,
    Omit<FileBatchOptions, 'concurrency' | 'onProgress' | 'identity' | 'signal' | 'rate' | 'dryRun'> {
  /** The plugins by the names that `plugin`, `chain` and the records use. */
  readonly plugins: Readonly<Record<string, SubmittedPlugin>>;
  /** Records in a chunk. @default 1000 */
  readonly chunkRecords?: number;
  /** Chunks that are queued or run at once: the reading waits for them. @default 64 */
  readonly maxChunks?: number;
  /** Chunks of a lower number go first, and those without one before all; up to 2,097,151. @default none */
  readonly priority?: number;
  /** On whose account it runs, for the rates of the workers. @default 'default' */
  readonly tenant?: string;
  /** Seconds for which Redis remembers how the batch ended, see `batchStatus`; of records it keeps nothing. @default 0 */
  readonly keepSeconds?: number;
  readonly onProgress?: (progress: SubmitProgress) => void;
  /** Hears the name of the batch, by which `batchStatus`, `cancelBatch` and `purgeBatch` know it. */
  readonly onSubmitted?: (batch: string) => void;
  /** Hears what keeps it waiting: no worker is connected, or chunks fail and will be tried again. At most once a minute each. */
  readonly onTrouble?: (what: string) => void;
}

/**
 * Cuts a file into chunks, has workers run them, and collects the results.
 *
 * @throws {PluginError} `ERR_BATCH_QUEUE`, and as `engine.batchFiles` does.
 *
 * @example
 * const { succeeded } = await submitBatch({
 *   redis: 'redis://127.0.0.1:6379',
 *   plugins: { redact: { component: 'redact.wasm' } },
 *   plugin: 'redact',
 *   input: 'in.jsonl',
 *   output: 'out.jsonl',
 * });
 */
export async function submitBatch(options: SubmitOptions): Promise<BatchSummary> {
  const {
    redis,
    queue,
    plugins,
    chunkRecords,
    maxChunks,
    priority,
    tenant = 'default',
    keepSeconds,
    onProgress,
    onSubmitted,
    onTrouble,
    ...rest
  } = options;
  const size = wholeNumber('chunkRecords', chunkRecords, { min: 1, max: 1_000_000, default: 1000 });
  const most = wholeNumber('maxChunks', maxChunks, { min: 1, max: 1_000_000, default: 64 });
  const keep = wholeNumber('keepSeconds', keepSeconds, { min: 0, max: FORGET_SECONDS, default: 0 });
  wholeNumber('priority', priority, { min: 1, max: 2_097_151, default: 1 });
  const components = await readComponents(plugins);
  const hashed = Object.entries(plugins).map(([name, { config = {} }]) => ({
    name,
    sha256: sha256(components.get(name)!),
    config,
  }));
  const recipe = hashed.map(({ name, sha256, config }) => [name, sha256, config]);
  const resolved = resolveFileBatchOptions(
    await withInputPaths({ ...rest, identity: { recipe, size, distributed: FORM } }),
  );
  if (resolved.rate !== undefined || resolved.dryRun !== undefined) {
    const name = resolved.rate === undefined ? 'dryRun' : 'rate';
    throw new PluginError('ERR_INVALID_ARGUMENT', `\`${name}\` is for batches that run here`, {
      hint: 'Rates are those of tenants, which workers keep; a dry run is that of `batchFiles`.',
    });
  }
  await assertDistinct(resolved);
  const { plugin, chain, deadlineMs, retry, idempotent } = resolved.batch;
  const settings: SubmissionSettings = {
    recipe: { plugins: hashed, plugin, chain, deadlineMs, retry, idempotent },
    components: [...components.values()],
    size,
    most,
    priority,
    tenant,
    keepSeconds: keep,
    onProgress,
    onSubmitted,
    onTrouble,
  };
  const connection = await connect({ ...(redis !== undefined && { redis }), ...(queue !== undefined && { queue }) });
  const ended = new AbortController();
  const giveUp = (): void => void connection.away(ended.signal).then(connection.close);
  resolved.interrupt?.addEventListener('abort', giveUp, { once: true });
  try {
    if (resolved.retryDeadLetters) return await retryLetters(connection, resolved, settings);
    return await withBatchFiles(resolved, hashed, (input, files) =>
      new Submission(connection, resolved, input, files, settings).run(),
    );
  } catch (error) {
    throw error instanceof PluginError || !isOfRedis(error) ? error : queueFailure('Redis failed', error);
  } finally {
    resolved.interrupt?.removeEventListener('abort', giveUp);
    ended.abort();
    await connection.close();
  }
}

/** Dead letters go one by one, as far as the batch is concerned; retries and chains are the workers' business. */
async function retryLetters(
  connection: QueueConnection,
  options: ResolvedFileBatchOptions,
  settings: SubmissionSettings,
): Promise<BatchSummary> {
  const { size, most } = settings;
  const calls = new QueueCalls(connection, settings, size);
  try {
    await calls.begin();
    const inFlight = size * most;
    const batch = {
      ...options.batch,
      chain: [],
      retry: { ...options.batch.retry, attempts: 1 },
      deadlineMs: undefined,
      concurrency: { min: inFlight, start: inFlight, max: inFlight },
      signal: calls.failed,
    };
    const summary = await retryDeadLetters({ ...options, batch }, calls.submit);
    if (!summary.interrupted) await calls.end();
    return { ...summary, plugins: [] };
  } catch (error) {
    throw calls.failed.aborted ? calls.failed.reason : error;
  } finally {
    calls.close();
  }
}

/** What ioredis fails with: answers of Redis, and a connection that was closed. */
function isOfRedis(error: unknown): boolean {
  return (
    isError(error) &&
    (/^(Reply|Abort|MaxRetries.*)Error$/.test(error.name) || error.message === 'Connection is closed.')
  );
}

async function readComponents(plugins: SubmitOptions['plugins']): Promise<Map<string, Uint8Array>> {
  const components = new Map<string, Uint8Array>();
  for (const [name, { component }] of Object.entries(plugins)) {
    const bytes = await readSource(component);
    components.set(name, bytes);
  }
  return components;
}
