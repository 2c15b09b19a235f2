import type { Flight } from '../flight.ts';
import { BatchRun } from '../run.ts';
import type { BatchProgress } from '../statistics.ts';
import type { Submit, SubmitMany } from '../submit.ts';
import { InputRecords } from './input-records.ts';
import type { BatchInputs } from './inputs.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import type { FileRecord } from './record.ts';
import { deadLetterLine, outputLine, plainLine } from './result-line.ts';
import { type Begun, FileSource } from './source.ts';
import type { Tally } from './tally.ts';

/** Where results go; a promise says that it cannot keep up. */
export interface RecordSink extends Begun {
  add(index: number, line: string, deadLetter: string | undefined): Promise<void> | undefined;
}

/** Runs the records of a file one by one, each a request of its own. */
export class RecordFlow {
  readonly #options: ResolvedFileBatchOptions;
  readonly #writer: RecordSink;
  readonly #tally: Pick<Tally, 'add'>;
  readonly #source: FileSource;
  readonly #run: BatchRun<FileRecord>;

  /** @param begun Records below this one may have begun in an earlier run, and are not to run again. */
  constructor(
    options: ResolvedFileBatchOptions,
    input: BatchInputs,
    submit: Submit,
    submitMany: SubmitMany,
    writer: RecordSink,
    tally: Pick<Tally, 'add'>,
    begun: number,
  ) {
    const { atMostOnce, batch } = options;
    this.#options = options;
    this.#writer = writer;
    this.#tally = tally;
    const reader = new InputRecords(input, options);
    this.#source = new FileSource(reader, writer, { begun, atMostOnce }, options);
    this.#run = new BatchRun(this.#source, batch, submit, submitMany);
  }

  /** How many records were read. */
  get records(): number {
    return this.#source.records;
  }

  /** Runs all there is. */
  async run(): Promise<void> {
    for (;;) {
      const done = this.#run.take();
      if (done === undefined) {
        if ((await this.#run.wait()) === 'ended') break;
      } else {
        const full = this.#take(done);
        if (full !== undefined) await full;
      }
    }
  }

  /** Ends it: what is in flight is aborted. Resolves when nothing is left running. */
  stop(): Promise<void> {
    return this.#run.stop();
  }

  progress(): BatchProgress {
    return this.#run.progress();
  }

  #take(done: Flight<FileRecord>): Promise<void> | undefined {
    const { deadLetter, output, onMalformed } = this.#options;
    const { record, response } = done;
    if (record.malformed !== undefined) onMalformed?.(record.line, record.malformed, record.file);
    this.#tally.add(done);
    const letter = deadLetter === undefined || response?.success ? undefined : deadLetterLine(done);
    const line = output.format === 'jsonl' ? outputLine(done) : plainLine(done);
    return this.#writer.add(record.ordinal, line, letter);
  }
}
