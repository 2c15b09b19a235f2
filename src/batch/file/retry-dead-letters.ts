import { rename, rm } from 'node:fs/promises';
import { PluginError } from '../../errors.ts';
import { takeLock } from '../journal/lock.ts';
import type { BatchRequest, BatchResult } from '../options.ts';
import { BatchRun, FailedRecord, type Process } from '../run.ts';
import type { RecordSource } from '../source.ts';
import { BatchInput } from './input.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { BatchOutput } from './output.ts';
import { RecordReader } from './reader.ts';
import { deadLetterLine, type FileRecord, outputLine, parseRecord } from './record.ts';
import { type BatchSummary, Tally } from './tally.ts';
import { BatchWriter } from './writer.ts';

/** A line of the output as it was, or a letter that takes its place. */
type Place =
  | { readonly kind: 'kept'; readonly line: string; readonly result: BatchResult }
  | { readonly kind: 'letter'; readonly index: number; readonly record: FileRecord };

/** A line of the output that stays: it passes through the batch, so that all stays in order in bounded memory. */
const KEPT = new FailedRecord(new PluginError('ERR_ABORTED', 'The line of the output is kept'));

/**
 * Runs the dead letters of a batch again. Letters and lines without success are in the same order, so that both files
 * are gone through once, side by side. The new files replace the old ones when they are complete; a run that is killed
 * changes nothing, or leaves letters whose lines have succeeded, which the next one passes over.
 *
 * @throws {PluginError} `ERR_BATCH_FILE` when the letters are not those of the output, and as a batch does.
 */
export async function retryDeadLetters(options: ResolvedFileBatchOptions, process: Process): Promise<BatchSummary> {
  const { output, deadLetter } = options;
  if (output.format !== 'jsonl') {
    throw new PluginError('ERR_INVALID_ARGUMENT', 'Dead letters can only be retried where the output is JSONL');
  }
  const letters = deadLetter!;
  const lock = await takeLock(`${output.path}.journal.lock`);
  const next = { output: `${output.path}.retry`, letters: `${letters.path}.retry` };
  try {
    const summary = await withFiles(
      [
        () => BatchInput.open(output.path, output.compression),
        () => BatchInput.open(letters.path, letters.compression),
        () => BatchOutput.open(next.output, output.compression, 0),
        () => BatchOutput.open(next.letters, letters.compression, 0),
      ],
      (results, old, out, dead) => run(options, process, new PlaceSource(results, old), out, dead),
    );
    if (summary.interrupted) return summary;
    await rename(next.output, output.path);
    await rename(next.letters, letters.path);
    return summary;
  } finally {
    await Promise.all([rm(next.output, { force: true }), rm(next.letters, { force: true })]);
    await lock.release();
  }
}

async function run(
  options: ResolvedFileBatchOptions,
  process: Process,
  source: PlaceSource,
  output: BatchOutput,
  deadLetter: BatchOutput,
): Promise<BatchSummary> {
  const { interrupt, batch } = options;
  const tally = new Tally();
  const writer = new BatchWriter({ output, deadLetter, journal: undefined }, tally, 'packed');
  const batchRun = new BatchRun(source, { ...batch, ordered: true }, process);
  try {
    while (!interrupt?.aborted) {
      const taken = batchRun.take();
      if (taken === undefined) {
        if ((await batchRun.wait()) === 'ended') break;
        continue;
      }
      const place = source.take(taken.index);
      const result: BatchResult = place.kind === 'kept' ? place.result : { ...taken, index: place.index };
      tally.add(result, place.kind === 'letter' && 'malformed' in place.record ? 'malformed' : 'record');
      const letter =
        place.kind === 'kept' || (result.ok && result.success) ? undefined : deadLetterLine(place.record, result);
      const full = writer.add(result, place.kind === 'kept' ? place.line : outputLine(result), letter);
      if (full !== undefined) await full;
    }
    await writer.flush();
    await Promise.all([output.sync(), deadLetter.sync()]);
  } finally {
    await batchRun.stop();
    await writer.stop();
  }
  return tally.summary(batchRun.progress(), interrupt?.aborted ?? false);
}

/** The lines of an output, with the letters in the places of those without success. */
class PlaceSource implements RecordSource<BatchRequest | FailedRecord> {
  readonly #results: RecordReader;
  readonly #letters: RecordReader;
  readonly #places = new Map<number, Place>();
  #read = 0;

  constructor(results: BatchInput, letters: BatchInput) {
    this.#results = new RecordReader(results, 'lines', []);
    this.#letters = new RecordReader(letters, 'lines', []);
  }

  take(number: number): Place {
    const place = this.#places.get(number)!;
    this.#places.delete(number);
    return place;
  }

  async next(): Promise<IteratorResult<BatchRequest | FailedRecord>> {
    const line = textOf(await this.#results.next());
    if (line === undefined) return { done: true, value: undefined };
    const result = JSON.parse(line) as BatchResult;
    if (result.ok && result.success) return this.#admit({ kind: 'kept', line, result }, KEPT);
    const record = await this.#letterOf(result.index);
    const place: Place = { kind: 'letter', index: result.index, record };
    if (!('malformed' in record)) return this.#admit(place, record.request);
    const error = new PluginError('ERR_INVALID_ARGUMENT', `Line ${record.line} is malformed: ${record.malformed}`);
    return this.#admit(place, new FailedRecord(error, record.id));
  }

  async stop(): Promise<void> {}

  #admit<Value extends BatchRequest | FailedRecord>(place: Place, value: Value): IteratorResult<Value> {
    this.#places.set(this.#read++, place);
    return { done: false, value };
  }

  /** The letter of a line; those before it have succeeded meanwhile. */
  async #letterOf(index: number): Promise<FileRecord> {
    for (;;) {
      const text = textOf(await this.#letters.next());
      if (text === undefined) {
        throw new PluginError('ERR_BATCH_FILE', `The dead letters have none for record ${index} of the output`, {
          hint: 'Name the files that one run has written.',
        });
      }
      const letter = JSON.parse(text) as { readonly index: number; readonly line: number; readonly text?: string };
      if (letter.index !== index) continue;
      // Of a line that was no record, the line itself.
      return parseRecord({ number: letter.line, text: letter.text ?? text }, []);
    }
  }
}

function textOf(record: FileRecord | undefined): string | undefined {
  return record === undefined ? undefined : 'malformed' in record ? record.text : record.request.input;
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
