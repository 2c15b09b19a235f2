import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PluginError } from '../../errors.ts';
import type { PluginInfo } from '../../registry/plugin-info.ts';
import { Journal } from '../journal/journal.ts';
import { BatchInput } from './input.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { BatchOutput } from './output.ts';
import type { BatchSummary } from './tally.ts';
import type { WriterFiles } from './writer.ts';

/** A plugin that records may go to: results depend on it. */
export type UsedPlugin = Pick<PluginInfo, 'name' | 'sha256'>;

/**
 * Opens the files of a batch, and closes them when it is over. The journal stays where there is something to continue.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for files that cannot be used, `ERR_BATCH_FILE`, `ERR_BATCH_JOURNAL`.
 */
export async function withBatchFiles(
  options: ResolvedFileBatchOptions,
  plugins: readonly UsedPlugin[],
  run: (input: BatchInput, files: WriterFiles) => Promise<BatchSummary>,
): Promise<BatchSummary> {
  const input = await BatchInput.open(options.input.path, options.input.compression);
  try {
    const journal = await openJournal(options, input, plugins);
    let outcome: Parameters<Journal['close']>[0] = 'untouched';
    try {
      const summary = await withOutputs(options, journal, (files) => {
        outcome = 'unfinished';
        return run(input, files);
      });
      outcome = summary.interrupted ? 'unfinished' : 'complete';
      return summary;
    } finally {
      await journal?.close(outcome);
    }
  } finally {
    input.close();
  }
}

/** Opens the journal before anything is written: what it speaks of must never be gone. */
async function openJournal(
  options: ResolvedFileBatchOptions,
  input: BatchInput,
  plugins: readonly UsedPlugin[],
): Promise<Journal | undefined> {
  const { journal: path, resume, output } = options;
  if (path === undefined) return undefined;
  if (resume && (await sizeOf(path)) === undefined && (await sizeOf(output.path))) {
    throw new PluginError('ERR_BATCH_JOURNAL', `There is no journal \`${path}\`, and there is \`${output.path}\``, {
      hint: 'The run was finished, or it kept no journal. Leave out `resume` to begin anew.',
    });
  }
  const header = { input: input.identity ?? null, recipe: recipeOf(options, plugins) };
  return Journal.open(path, header, resume ? 'resume' : 'new');
}

/** Opens what is written, cut to what the journal speaks of. */
async function withOutputs<Result>(
  { output, deadLetter, journal: path }: ResolvedFileBatchOptions,
  journal: Journal | undefined,
  run: (files: WriterFiles) => Promise<Result>,
): Promise<Result> {
  const checkpoint = journal?.state.checkpoint;
  const hint =
    path === undefined ? undefined : `What \`${path}\` speaks of stays; mend it, and continue with \`resume\`.`;
  const out = await BatchOutput.open(output.path, output.compression, checkpoint?.output ?? 0, hint);
  try {
    if (deadLetter === undefined) return await run({ output: out, deadLetter: undefined, journal });
    const letters = await BatchOutput.open(deadLetter.path, deadLetter.compression, checkpoint?.deadLetter ?? 0, hint);
    try {
      return await run({ output: out, deadLetter: letters, journal });
    } finally {
      await letters.close();
    }
  } finally {
    await out.close();
  }
}

/** What the results depend on beside the input. Hashed, because a configuration may be a secret. */
function recipeOf(options: ResolvedFileBatchOptions, used: readonly UsedPlugin[]): string {
  const { plugin, chain, ordered } = options.batch;
  const { atMostOnce, identity } = options;
  const names = new Set([plugin, ...chain]);
  const recipe = {
    plugin,
    chain,
    ordered,
    atMostOnce,
    plugins: used.flatMap(({ name, sha256 }) => (names.has(name) ? [[name, sha256]] : [])),
    input: [options.input.format, options.input.compression],
    output: [resolve(options.output.path), options.output.format],
    deadLetter: options.deadLetter === undefined ? null : resolve(options.deadLetter.path),
    options: options.options,
    identity,
  };
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex');
}

/** Makes sure that no two of the files are one: writing would destroy what is still to be read. */
export async function assertDistinct({
  input,
  output,
  deadLetter,
  journal,
  retryDeadLetters,
}: ResolvedFileBatchOptions): Promise<void> {
  const files = {
    input: retryDeadLetters ? undefined : input.path,
    output: output.path,
    deadLetter: deadLetter?.path,
    journal,
  };
  const seen = new Map<string, string>();
  for (const [name, path] of Object.entries(files)) {
    const identity = path === undefined || path === '-' ? undefined : await identityOf(path);
    if (identity === undefined) continue;
    const other = seen.get(identity);
    if (other !== undefined) {
      throw new PluginError('ERR_INVALID_ARGUMENT', `\`${other}\` and \`${name}\` are the same file, \`${path}\``);
    }
    seen.set(identity, name);
  }
}

/** Undefined for devices and pipes, which may be named more than once. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isFile() ? `${stats.dev}:${stats.ino}` : undefined;
  } catch {
    // It is not there yet.
    return resolve(path);
  }
}

/** Undefined where there is nothing, or nothing that can be looked at. */
async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
