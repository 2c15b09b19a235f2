import type { FailureWatch } from '../batch/file/failure-limit.ts';
import type { ResolvedFileBatchOptions } from '../batch/file/options.ts';
import { type Done, deadLetterLine, outputLine, plainLine } from '../batch/file/result-line.ts';
import type { Tally } from '../batch/file/tally.ts';
import type { BatchWriter } from '../batch/file/writer.ts';
import type { IndexSet } from '../batch/journal/indexes.ts';
import type { ChunkPiece } from './piece.ts';

/** The records whose results are in the output. */
export type Collected = Pick<IndexSet, 'has' | 'run'>;

/** Where the results of a batch are counted and written. */
export class SubmissionOutput {
  readonly #options: Pick<ResolvedFileBatchOptions, 'output' | 'deadLetter' | 'onMalformed'>;
  readonly #tally: Tally;
  readonly #watch: FailureWatch;
  readonly #writer: BatchWriter;

  constructor(
    options: Pick<ResolvedFileBatchOptions, 'output' | 'deadLetter' | 'onMalformed'>,
    tally: Tally,
    watch: FailureWatch,
    writer: BatchWriter,
  ) {
    this.#options = options;
    this.#tally = tally;
    this.#watch = watch;
    this.#writer = writer;
  }

  get collected(): Collected {
    return this.#writer.done;
  }

  /** Takes the result of a record; a promise says that the files cannot keep up. */
  add(done: Done): Promise<void> | undefined {
    const { output, deadLetter } = this.#options;
    const { record, response } = done;
    if (record.malformed !== undefined) this.#heard(record.line, record.malformed, record.file);
    this.#tally.add(done);
    const line = output.format === 'jsonl' ? outputLine(done) : plainLine(done);
    const letter = deadLetter === undefined || response?.success ? undefined : deadLetterLine(done);
    return this.#writer.add(record.ordinal, line, letter);
  }

  /** Takes the results of many records, none of which is collected. */
  addPiece(ordinal: number, piece: ChunkPiece, file: string | undefined): Promise<void> | undefined {
    const { count, output, letters, malformed, counts } = piece;
    for (const [line, reason] of malformed) this.#heard(line, reason, file);
    this.#tally.addMany(counts);
    return this.#writer.addBytes(ordinal, count, output, letters);
  }

  #heard(line: number, reason: string, file: string | undefined): void {
    this.#watch.heard({ line, file }, reason);
    this.#options.onMalformed?.(line, reason, file);
  }
}
