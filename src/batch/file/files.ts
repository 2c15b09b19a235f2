import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PluginError } from '../../errors.ts';
import { BatchRowCounter } from '../format/batch-row-counter.ts';
import { openEncoder } from '../format/open-encoder.ts';
import { RowCounter } from '../format/row-counter.ts';
import { takeFileLocks } from '../journal/file-lock.ts';
import { anotherRun, assertNoJournal, Journal, type JournalHeader } from '../journal/journal.ts';
import { type Lock, takeLocks } from '../journal/lock.ts';
import { countOf, NOTHING } from '../journal/state.ts';
import { isRemote, shownUrl } from '../remote/url.ts';
import { recipeOf, type UsedPlugin } from './batch-recipe.ts';
import { type Counter, checkWritten, lineCounter } from './check-written.ts';
import { unusableFile } from './errors.ts';
import { assertReadable } from './first-records.ts';
import { isWhole } from './format.ts';
import { difference, type InputIdentity, toInputIdentities } from './input-identity.ts';
import { BatchInputs } from './inputs.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { BatchOutput } from './output.ts';
import { realPath } from './real-path.ts';
import { isRegular } from './sink.ts';
import type { BatchSummary, TallyState } from './tally.ts';
import type { WriterFiles } from './writer.ts';

/**
 * Opens the files of a batch, and closes them when it is over. All of them are looked at before anything is changed. The
 * journal stays where there is something to continue.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for files that cannot be used, `ERR_BATCH_FILE`, `ERR_BATCH_JOURNAL`.
 */
export async function withBatchFiles(
  given: ResolvedFileBatchOptions,
  plugins: readonly UsedPlugin[],
  run: (input: BatchInputs, files: WriterFiles) => Promise<BatchSummary>,
): Promise<BatchSummary> {
  const options = await withRealPaths(given);
  const locks = await takeLocks(await writtenBy(options));
  try {
    const recipe = recipeOf(options, plugins);
    const journal = await openJournal(options, recipe);
    const input = await openInput(options, journal);
    try {
      await assertReadable(options);
      const outputs = await openOutputs(options, journal);
      let outcome: Parameters<Journal['close']>[0] = 'failed';
      let files: Lock | undefined;
      try {
        files = await takeFileLocks(await regularOf(pathsOf(options)));
        await journal?.start({ input: input.identities ?? null, recipe });
        for (const output of outputs) await output.cut();
        const [output, deadLetter] = outputs as [BatchOutput, BatchOutput | undefined];
        const summary = await run(input, { output, deadLetter, journal, input });
        outcome = summary.interrupted ? 'unfinished' : 'complete';
        return summary;
      } finally {
        await closeAll(outputs);
        await journal?.close(outcome);
        await files?.release();
      }
    } finally {
      input.close();
    }
  } finally {
    await locks.release();
  }
}

/**
 * Looks at the files as a run does before it changes anything.
 *
 * @throws {PluginError} What the run would be refused for.
 */
export async function lookAtFiles(given: ResolvedFileBatchOptions, plugins: readonly UsedPlugin[]): Promise<void> {
  const options = await withRealPaths(given);
  await openJournal(options, recipeOf(options, plugins));
}

/** Two names of one file are one file: what is written and locked are real files. */
export async function withRealPaths(options: ResolvedFileBatchOptions): Promise<ResolvedFileBatchOptions> {
  const { output, deadLetter, journal, journalNamed } = options;
  const regular = await isRegular(output.path);
  if (!regular && (options.resume || options.atMostOnce || journalNamed)) {
    const name = options.resume ? 'resume' : options.atMostOnce ? 'atMostOnce' : 'journal';
    throw new PluginError('ERR_INVALID_ARGUMENT', `\`${name}\` needs an output that is a regular file`, {
      hint: `What was written to \`${isRemote(output.path) ? shownUrl(output.path) : output.path}\` cannot be looked at again.${leftBehind(output.path)}`,
    });
  }
  const path = regular ? await realOutput(output.path) : output.path;
  return {
    ...options,
    output: { ...output, path },
    deadLetter: deadLetter === undefined ? undefined : { ...deadLetter, path: await realOutput(deadLetter.path) },
    // What the user did not name is never a link to somewhere else.
    journal: !regular ? undefined : journalNamed ? await realOutput(journal!) : journal && `${path}.journal`,
  };
}

/** What a run may have left that was killed and cannot be gone on with. */
function leftBehind(path: string): string {
  if (!/^s3:/i.test(path)) return '';
  return (
    ' A run that was killed has put nothing there, but the parts that it had sent are kept, and paid for, until somebody ' +
    'aborts the upload (`aws s3api list-multipart-uploads`, `abort-multipart-upload`) or a lifecycle rule does. ' +
    'Leave the option out to begin anew, or write a file to be able to go on.'
  );
}

async function realOutput(path: string): Promise<string> {
  if (!(await isRegular(path))) return path;
  return realPath(path).catch((error: unknown) => {
    throw unusableFile('write', path, error);
  });
}

/** The files whose locks a run needs. */
async function writtenBy(options: ResolvedFileBatchOptions): Promise<string[]> {
  const { journal } = options;
  return regularOf(journal === undefined ? pathsOf(options) : [...pathsOf(options), journal]);
}

/** Where results go. */
function pathsOf({ output, deadLetter }: ResolvedFileBatchOptions): string[] {
  return deadLetter === undefined ? [output.path] : [output.path, deadLetter.path];
}

async function regularOf(paths: readonly string[]): Promise<string[]> {
  const regular = await Promise.all(paths.map(isRegular));
  return paths.filter((_, at) => regular[at]);
}

async function openJournal(
  { journal: path, resume, output, deadLetter }: ResolvedFileBatchOptions,
  recipe: JournalHeader['recipe'],
): Promise<Journal | undefined> {
  if (path === undefined) {
    // Without a journal of its own a run could still write over what another one needs.
    if (await isRegular(output.path)) await assertNoJournal(`${output.path}.journal`);
    return undefined;
  }
  const journal = await Journal.open(path, recipe, resume ? 'resume' : 'new');
  if (journal.earlier === undefined && resume && (await sizeOf(output.path))) {
    throw new PluginError('ERR_BATCH_JOURNAL', `There is no journal \`${path}\`, and there is \`${output.path}\``, {
      hint: 'The run was finished, or it kept no journal. Leave out `resume` to begin anew.',
    });
  }
  if (resolve(path) !== resolve(`${output.path}.journal`)) await assertNoJournal(`${output.path}.journal`);
  const { checkpoint } = journal.state;
  const records = countOf(checkpoint.done);
  await checkWritten(output.path, output.compression, checkpoint.output, await rowsIn(output), records);
  if (deadLetter !== undefined) {
    const { refused = 0, failed = 0 } = (checkpoint.tally ?? {}) as Partial<TallyState>;
    await checkWritten(deadLetter.path, deadLetter.compression, checkpoint.deadLetter, lineCounter(), refused + failed);
  }
  return journal;
}

async function openInput(
  { inputs, interrupt }: ResolvedFileBatchOptions,
  journal: Journal | undefined,
): Promise<BatchInputs> {
  if (journal?.earlier === undefined) {
    return BatchInputs.open(inputs, { interrupt, head: journal === undefined ? 'none' : 'first' });
  }
  const before = toInputIdentities(journal.earlier.input);
  const input = await BatchInputs.open(inputs, { interrupt, head: before?.[0]?.head.bytes ?? 'first' });
  try {
    const { checkpoint } = journal.state;
    const now = input.identities!;
    const why = before === undefined ? 'of which nothing is known' : differenceOf(inputs, now, before);
    if (why !== undefined) throw anotherRun(journal.path, `of an input that was another, or has changed since: ${why}`);
    const touched = inputs.filter((_, at) => now[at]!.modifiedMs !== before![at]!.modifiedMs);
    if (touched.some(({ format }) => format === 'parquet' || format === 'arrow')) {
      throw anotherRun(
        journal.path,
        'of an input that was written again since, and such files are not compared as a whole',
      );
    }
    if (touched.length > 0 && !(await input.begin(checkpoint.input))) {
      throw anotherRun(journal.path, 'of an input that has changed since: it has other bytes');
    }
    input.expect(checkpoint.input);
    return input;
  } catch (error) {
    input.close();
    throw error;
  }
}

/** Why the inputs are not those of an earlier run; undefined where they may be. */
function differenceOf(
  inputs: ResolvedFileBatchOptions['inputs'],
  now: readonly InputIdentity[],
  before: readonly InputIdentity[],
): string | undefined {
  if (now.length !== before.length) return `there are ${now.length} inputs, and there were ${before.length}`;
  for (const [at, identity] of now.entries()) {
    const why = difference(identity, before[at]!);
    if (why !== undefined) return now.length === 1 ? why : `of \`${inputs[at]!.path}\`, ${why}`;
  }
  return undefined;
}

/** What the file has of the records that a journal speaks of. */
async function rowsIn({ encoding, csv }: ResolvedFileBatchOptions['output']): Promise<Counter> {
  if (encoding === 'arrow-stream') return BatchRowCounter.open();
  return encoding === 'csv' || encoding === 'tsv' ? new RowCounter(csv) : lineCounter();
}

/** Opens what is written; nothing is cut yet. */
async function openOutputs(
  { output, deadLetter, journal: path, interrupt }: ResolvedFileBatchOptions,
  journal: Journal | undefined,
): Promise<BatchOutput[]> {
  const { output: written, deadLetter: letters } = journal?.state.checkpoint ?? NOTHING.checkpoint;
  const hint =
    path === undefined ? undefined : `What \`${path}\` speaks of stays; mend it, and continue with \`resume\`.`;
  const encoder = await openEncoder(output.encoding, output);
  const outputs = [
    await BatchOutput.open(output.path, output.compression, {
      written,
      hint,
      interrupt,
      encoder,
      whole: isWhole(output.encoding),
    }),
  ];
  try {
    if (deadLetter !== undefined) {
      const options = { written: letters, hint, interrupt };
      outputs.push(await BatchOutput.open(deadLetter.path, deadLetter.compression, options));
    }
    return outputs;
  } catch (error) {
    await closeAll(outputs);
    throw error;
  }
}

async function closeAll(outputs: readonly BatchOutput[]): Promise<void> {
  for (const output of outputs) await output.close();
}

/** Undefined where there is nothing, or nothing that can be looked at. */
async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
