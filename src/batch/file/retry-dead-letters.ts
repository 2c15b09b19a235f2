import { rename, rm, stat } from 'node:fs/promises';
import { PluginError } from '../../errors.ts';
import { cleanLogLine } from '../../text/log-line.ts';
import { FailedRecord, type Flight } from '../flight.ts';
import { takeFileLocks } from '../journal/file-lock.ts';
import { assertNoJournal } from '../journal/journal.ts';
import { type Lock, takeLocks } from '../journal/lock.ts';
import { createPrivate } from '../journal/private-file.ts';
import { isCount } from '../journal/state.ts';
import { BatchRun } from '../run.ts';
import type { RecordSource } from '../source.ts';
import type { Submit } from '../submit.ts';
import { fieldsOfLetters } from './fields.ts';
import { withRealPaths } from './files.ts';
import { formatOf, type InputFormat } from './format.ts';
import type { BatchInput } from './input.ts';
import { earlierOf, isLetter, whyNone } from './letter.ts';
import { openInput } from './open-input.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { BatchOutput } from './output.ts';
import { openLines, type RecordReader } from './reader.ts';
import { FileRecord, malformedError, parseRecord } from './record.ts';
import { deadLetterLine, outputLine } from './result-line.ts';
import { type BatchSummary, Tally } from './tally.ts';
import { BatchWriter } from './writer.ts';

/** A line of the output as it was: it passes through the batch, so that all stays in order in bounded memory. */
class KeptLine extends FileRecord {
  readonly kept: string;

  constructor(line: string) {
    super(0, {});
    this.kept = line;
  }
}

/** How errors call the two files. */
const OUTPUT = 'The output';
const LETTERS = 'The file of dead letters';

const KEPT = new PluginError('ERR_ABORTED', 'The line of the output is kept');

/**
 * Runs the dead letters of a batch again. Letters and lines without success are in the same order, so that both files
 * are gone through once, side by side. The new files replace the old ones when they are complete; a run that is killed
 * changes nothing, or leaves letters whose lines have succeeded, which the next one passes over.
 *
 * @throws {PluginError} `ERR_BATCH_FILE` when the letters are not those of the output, and as a batch does.
 */
export async function retryDeadLetters(given: ResolvedFileBatchOptions, submit: Submit): Promise<BatchSummary> {
  const options = await withRealPaths(given);
  const { output, deadLetter, interrupt } = options;
  if (output.encoding !== 'jsonl') {
    throw new PluginError('ERR_INVALID_ARGUMENT', 'Dead letters can only be retried where the output is JSONL');
  }
  const letters = deadLetter!;
  const lock = await takeLocks([output.path, letters.path]);
  let files: Lock | undefined;
  const next = { output: `${output.path}.retry`, letters: `${letters.path}.retry` };
  try {
    files = await takeFileLocks([output.path, letters.path]);
    // A run that was not finished still counts on the lengths of both.
    await assertNoJournal(`${output.path}.journal`);
    if (options.journal !== undefined) await assertNoJournal(options.journal);
    const summary = await withFiles(
      [
        () => openInput(output.path, output.compression),
        () => openInput(letters.path, letters.compression),
        () => openBeside(output, next.output),
        () => openBeside(letters, next.letters),
      ],
      (results, old, out, dead) => run(options, submit, new LetterSource(results, old, options), out, dead),
    );
    if (interrupt?.aborted) return summary;
    await rename(next.output, output.path);
    await rename(next.letters, letters.path);
    return summary;
  } finally {
    await Promise.all([rm(next.output, { force: true }), rm(next.letters, { force: true })]);
    await files?.release();
    await lock.release();
  }
}

/** A new file that will take the place of one, with its permissions. */
async function openBeside(
  { path, compression }: ResolvedFileBatchOptions['output' | 'deadLetter'] & object,
  next: string,
): Promise<BatchOutput> {
  const { mode } = await stat(path);
  const file = await createPrivate(next);
  try {
    await file.chmod(mode & 0o777);
  } finally {
    await file.close();
  }
  return BatchOutput.open(next, compression);
}

async function run(
  options: ResolvedFileBatchOptions,
  submit: Submit,
  source: LetterSource,
  output: BatchOutput,
  deadLetter: BatchOutput,
): Promise<BatchSummary> {
  const { interrupt, batch } = options;
  const tally = new Tally();
  const writer = new BatchWriter({ output, deadLetter, journal: undefined }, tally, 'packed');
  const batchRun = new BatchRun(source, { ...batch, ordered: true }, submit);
  const stop = (): void => void batchRun.stop();
  interrupt?.addEventListener('abort', stop, { once: true });
  try {
    while (!interrupt?.aborted) {
      const taken = batchRun.take();
      if (taken === undefined) {
        if ((await batchRun.wait()) === 'ended') break;
        continue;
      }
      const full = take(taken, tally, writer);
      if (full !== undefined) await full;
    }
    await writer.flush();
    await Promise.all([output.sync(), deadLetter.sync()]);
  } finally {
    interrupt?.removeEventListener('abort', stop);
    await batchRun.stop();
    await writer.stop();
  }
  return tally.summary(batchRun.progress(), interrupt?.aborted ?? false);
}

function take(done: Flight<FileRecord>, tally: Tally, writer: BatchWriter): Promise<void> | undefined {
  const { record, response } = done;
  if (record instanceof KeptLine) {
    tally.keep();
    return writer.add(record.index, record.kept, undefined);
  }
  tally.add(done);
  return writer.add(record.index, outputLine(done), response?.success ? undefined : deadLetterLine(done));
}

/** What the records looked like that the letters are of. */
type LetterForm = Pick<ResolvedFileBatchOptions, 'inputs' | 'fields' | 'options'>;

/** The lines of an output, with the letters in the places of those without success. */
class LetterSource implements RecordSource<FileRecord | FailedRecord<FileRecord>> {
  readonly #results: RecordReader;
  readonly #letters: RecordReader;
  readonly #form: LetterForm;

  constructor(results: BatchInput, letters: BatchInput, form: LetterForm) {
    this.#results = openLines(results);
    this.#letters = openLines(letters);
    this.#form = form;
  }

  async next(): Promise<IteratorResult<FileRecord | FailedRecord<FileRecord>>> {
    const line = await nextLine(this.#results, OUTPUT);
    if (line === undefined) return { done: true, value: undefined };
    const { index, ok, success } = ofRun(line, OUTPUT);
    if (ok && success) return { done: false, value: new FailedRecord(new KeptLine(line), KEPT) };
    const record = await this.#letterOf(index);
    record.index = index;
    return {
      done: false,
      value: record.malformed === undefined ? record : new FailedRecord(record, malformedError(record)),
    };
  }

  async stop(): Promise<void> {}

  /** The letter of a line; those before it have succeeded meanwhile. */
  async #letterOf(index: number): Promise<FileRecord> {
    for (;;) {
      const text = await nextLine(this.#letters, LETTERS);
      if (text === undefined) {
        throw new PluginError('ERR_BATCH_FILE', `The dead letters have none for record ${index} of the output`, {
          hint: 'Name the files that one run has written.',
        });
      }
      const letter = ofRun(text, LETTERS);
      if (letter.index !== index) continue;
      const { fields, options, inputs } = this.#form;
      const { file } = letter;
      const of = inputs.find(({ path }) => path === file);
      const format = of?.format ?? (typeof file === 'string' ? formatOf(file) : inputs[0]!).format;
      const line = isCount(letter.line) ? letter.line : 0;
      const record =
        rowOfLetter(letter, line, format) ?? parseRecord(line, text, options, fieldsOfLetters(fields, format));
      if (typeof file === 'string') record.file = file;
      return record;
    }
  }
}

/** A row of CSV that was none is what it was until somebody puts an object in its place: as JSON it would be something else. */
function rowOfLetter(letter: object, line: number, format: InputFormat): FileRecord | undefined {
  if ((format !== 'csv' && format !== 'tsv') || !isLetter(letter)) return undefined;
  const { text } = letter as { readonly text?: unknown };
  const malformed = whyNone(letter);
  if (malformed === undefined || typeof text !== 'string' || /^\s*\{/.test(text)) return undefined;
  return new FileRecord(line, { malformed, text, ...earlierOf(letter) });
}

/** A line that a run has written; other files are given by mistake, and files are edited. */
function ofRun(line: string, what: string): Readonly<Record<string, unknown>> & { readonly index: number } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && 'index' in value && isCount(value.index)) {
    return value as Readonly<Record<string, unknown>> & { readonly index: number };
  }
  throw notOfRun(what, line.slice(0, 60));
}

/** The next line of a file that a run has written; undefined at its end only, as what is behind it would be lost. */
async function nextLine(file: RecordReader, what: string): Promise<string | undefined> {
  const record = await file.next();
  if (record?.malformed !== undefined) throw notOfRun(what, `line ${record.line}, ${record.malformed}`);
  return record?.input;
}

function notOfRun(what: string, line: string): PluginError {
  return new PluginError('ERR_BATCH_FILE', `${what} has a line that no run has written: ${cleanLogLine(line)}`, {
    hint: 'Name the files that one run has written.',
  });
}

/** Opens files one after the other and closes those that were opened, however it ends. */
async function withFiles<Files extends readonly { close(): unknown }[], Result>(
  openers: { readonly [Index in keyof Files]: () => Promise<Files[Index]> },
  run: (...files: Files) => Promise<Result>,
): Promise<Result> {
  const files: { close(): unknown }[] = [];
  try {
    for (const open of openers) files.push(await open());
    return await run(...(files as unknown as Files));
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}
