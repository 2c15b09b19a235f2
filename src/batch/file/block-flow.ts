import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import type { LineSource } from '../../block/line-source.ts';
import { codesOf, SideKind, sideEntries } from '../../block/side.ts';
import { PluginError } from '../../errors.ts';
import type { Abortable } from '../../request/abort.ts';
import { Block, type BlockListener, type BlockPiece } from '../../scheduler/block.ts';
import { type BatchProgress, CallStatistics } from '../statistics.ts';
import type { Submit } from '../submit.ts';
import { USUAL_FIELDS } from './fields.ts';
import { isOfLines } from './format.ts';
import { LineBlocks } from './line-blocks.ts';
import { lineRecord } from './line-record.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { FileRecord, malformedError } from './record.ts';
import { type Done, deadLetterLine, outputLine, plainLine } from './result-line.ts';
import { isStretch } from './selection.ts';
import type { Tally, TallyState } from './tally.ts';
import type { BatchWriter } from './writer.ts';

/** The engine, as far as it takes blocks. */
export interface BlockHost {
  /** Blocks that keep all threads busy while others are read and written. */
  readonly blocks: number;
  /** Bytes and records of a block at the most. */
  readonly bytes: number;
  readonly records: number;
  /** Takes a block for a plugin; false where each of its records has to be looked at by itself. */
  submit(plugin: string, block: Block): boolean;
}

/** Lines of results that stand together in the output, and what they count. */
interface Piece {
  readonly count: number;
  readonly output: Uint8Array;
  readonly letters: string[];
  readonly counts: TallyState;
}

/** A block on its way, and how many of its records are not over. */
interface Flight {
  readonly source: LineSource;
  readonly block: Block;
  readonly startedAt: number;
  left: number;
}

const WAIT = Object.freeze({ whenFull: 'wait' } as const);

let recipes = 0;

/** Whether the records of a batch may travel as blocks: where each of them is to have more than a run, it goes alone. */
export function takesBlocks(
  { input, batch, atMostOnce, fields, selection, rate }: ResolvedFileBatchOptions,
  threads: number,
): boolean {
  const { plugin, chain, deadlineMs, retry, concurrency } = batch;
  if (!isOfLines(input.format) || atMostOnce || plugin === undefined || chain.length > 0) return false;
  if (fields !== USUAL_FIELDS || !isStretch(selection) || rate !== undefined) return false;
  return deadlineMs === undefined && retry.attempts === 1 && concurrency.max > threads;
}

/**
 * Runs the lines of a file as blocks. Per record this thread counts a line and does nothing else: workers find the
 * records and write the lines of the output.
 */
export class BlockFlow {
  readonly #options: ResolvedFileBatchOptions;
  readonly #host: BlockHost;
  readonly #submit: Submit;
  readonly #writer: BatchWriter;
  readonly #tally: Tally;
  readonly #blocks: LineBlocks;
  readonly #plugin: string;
  readonly #calls = new CallStatistics();
  readonly #startedAt = performance.now();
  readonly #flights = new Set<Flight>();
  /** Records that run by themselves, and those that wait to. */
  readonly #alone = new Map<FileRecord, Abortable | undefined>();
  readonly #waiting: FileRecord[] = [];
  /** What is done and waits for what comes before it, by the index of its first record. */
  readonly #early = new Map<number, Piece>();
  #next: number;
  #inFlight = 0;
  #done = 0;
  #counts = { succeeded: 0, refused: 0, failed: 0 };
  /** Once a record was for another plugin, more of them will be. */
  #mode: 'blocks' | 'one by one' = 'blocks';
  #state: 'running' | 'stopped' = 'running';
  #full: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #notify: (() => void) | undefined;

  constructor(
    options: ResolvedFileBatchOptions,
    input: ConstructorParameters<typeof LineBlocks>[0],
    host: BlockHost,
    submit: Submit,
    writer: BatchWriter,
    tally: Tally,
  ) {
    this.#options = options;
    this.#host = host;
    this.#submit = submit;
    this.#writer = writer;
    this.#tally = tally;
    this.#plugin = options.batch.plugin!;
    this.#next = writer.done.prefix;
    const recipe = {
      id: ++recipes,
      kind: options.input.format === 'lines' ? 'lines' : 'jsonl',
      output: options.output.format,
      letters: options.deadLetter === undefined ? 'no' : 'yes',
      plugin: this.#plugin,
      options: options.options,
    } as const;
    this.#blocks = new LineBlocks(input, recipe, host.bytes, host.records);
  }

  /** How many records were read that run. */
  get records(): number {
    const { skip, limit } = this.#options.selection;
    return Math.min(Math.max(this.#blocks.records - skip, 0), limit);
  }

  /** Runs all there is. @throws what broke off the reading or the writing, `ERR_ABORTED` once the signal is aborted. */
  async run(): Promise<void> {
    const { signal } = this.#options.batch;
    const { interrupt } = this.#options;
    const onAbort = (): void => this.#wake();
    const onInterrupt = (): void => this.#withdraw();
    signal?.addEventListener('abort', onAbort, { once: true });
    interrupt?.addEventListener('abort', onInterrupt, { once: true });
    try {
      for (;;) {
        await this.#room();
        if (this.#state === 'stopped' || this.#options.interrupt?.aborted) break;
        if (this.records >= this.#options.selection.limit) break;
        const item = await this.#blocks.next();
        // What is read after an interruption may be the beginning of a line.
        if (item === undefined || this.#isStopped || this.#options.interrupt?.aborted) break;
        if (item instanceof FileRecord) this.#single(item);
        else this.#begin(item);
      }
      while (this.#inFlight > 0 && !this.#isStopped) await this.#change();
      this.#assertWell();
    } finally {
      signal?.removeEventListener('abort', onAbort);
      interrupt?.removeEventListener('abort', onInterrupt);
    }
  }

  /** Ends it: what is in flight is aborted. Resolves when nothing is left running. */
  async stop(): Promise<void> {
    if (this.#state === 'running') {
      this.#state = 'stopped';
      this.#wake();
      const signal = AbortSignal.abort(this.#options.batch.signal?.reason);
      for (const { block } of [...this.#flights]) block.aborted(signal);
      for (const job of [...this.#alone.values()]) job?.aborted(signal);
      this.#forget();
    }
    while (this.#inFlight > 0) await this.#change('even a failure');
  }

  /** What has not begun is left for the run that continues this one; what runs finishes. */
  #withdraw(): void {
    const order = this.#options.batch.ordered ? 'kept' : 'any';
    for (const { block } of [...this.#flights].reverse()) {
      if (!block.withdraw(order) && order === 'kept') break;
    }
    this.#forget();
    this.#wake();
  }

  #forget(): void {
    this.#inFlight -= this.#waiting.length;
    this.#waiting.length = 0;
  }

  progress(): BatchProgress {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    return {
      read: this.#done + this.#inFlight,
      done: this.#done,
      ...this.#counts,
      retried: 0,
      inFlight: this.#inFlight,
      concurrency: this.#options.batch.concurrency.max,
      seconds,
      recordsPerSecond: this.#done / seconds,
      plugins: this.#calls.plugins(),
    };
  }

  get #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** Waits until another block may be read. */
  async #room(): Promise<void> {
    for (;;) {
      this.#assertWell();
      if (this.#full !== undefined) {
        const full = this.#full;
        this.#full = undefined;
        await full;
      } else if (this.#flights.size >= this.#host.blocks || this.#waiting.length > 0) {
        if (this.#isStopped) return;
        await this.#change();
      } else return;
    }
  }

  #assertWell(): void {
    const { signal } = this.#options.batch;
    if (signal?.aborted) throw new PluginError('ERR_ABORTED', 'The batch was aborted', { cause: signal.reason });
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #change(despite?: 'even a failure'): Promise<void> {
    if (despite === undefined) this.#assertWell();
    await new Promise<void>((resolve) => {
      this.#notify = resolve;
    });
  }

  #wake(): void {
    const notify = this.#notify;
    this.#notify = undefined;
    notify?.();
  }

  /** What an earlier run has done is left out, so that a block may go as several. */
  #begin(source: LineSource): void {
    const { done } = this.#writer;
    const { skip, limit } = this.#options.selection;
    // Counted among those that run.
    const first = source.firstIndex - skip;
    const start = Math.max(first, 0);
    const end = Math.min(first + source.count, limit);
    const isWhole = start === first && end === first + source.count;
    if (end > start && isWhole && done.run(start, source.count) === source.count && !done.has(start)) {
      this.#send(source);
      return;
    }
    for (let ordinal = start; ordinal < end; ) {
      const count = done.run(ordinal, end - ordinal);
      if (!done.has(ordinal)) this.#send(source.part(ordinal - first, count));
      ordinal += count;
    }
    this.#blocks.release(source);
  }

  #send(source: LineSource): void {
    this.#inFlight += source.count;
    const listener: BlockListener = {
      done: (piece) => this.#took(flight, piece),
      failed: (from, count, error) => {
        for (const record of this.#records(source, from, count)) {
          if (this.#state === 'running')
            this.#over({ record, response: undefined, error, attempts: record.malformed === undefined ? 1 : 0 });
        }
        this.#left(flight, count);
      },
      withdrawn: (_from, count) => this.#left(flight, count),
      foreign: (from, count) => {
        this.#mode = 'one by one';
        this.#oneByOne(source, from, count);
        this.#left(flight, count, 'goes on');
      },
    };
    const flight: Flight = {
      source,
      block: new Block(source, listener),
      startedAt: performance.now(),
      left: source.count,
    };
    this.#flights.add(flight);
    if (this.#mode === 'blocks' && this.#host.submit(this.#plugin, flight.block)) return;
    this.#oneByOne(source, 0, source.count);
    this.#left(flight, source.count, 'goes on');
  }

  /** So many records of a block are over, or go on by themselves. */
  #left(flight: Flight, count: number, how: 'are over' | 'goes on' = 'are over'): void {
    if (how === 'are over') this.#inFlight -= count;
    flight.left -= count;
    if (flight.left === 0) {
      this.#flights.delete(flight);
      this.#blocks.release(flight.source);
    }
    this.#wake();
  }

  #took(flight: Flight, { from, count, output, side, succeeded, refused, failed }: BlockPiece): void {
    if (this.#state === 'running') {
      const letters: string[] = [];
      let malformed = 0;
      for (const { kind, text } of sideEntries(side)) {
        if (kind === SideKind.letter) letters.push(text.toString('utf8'));
        else if (kind === SideKind.malformed) {
          malformed++;
          const [line, problem] = JSON.parse(text.toString('utf8')) as [number, string];
          this.#options.onMalformed?.(line, problem);
        }
      }
      const errors = Object.fromEntries(failed === 0 ? [] : codesOf(side));
      const calls = { calls: count - malformed, unsuccessful: refused + failed - malformed };
      this.#calls.add(this.#plugin, 0, calls, performance.now() - flight.startedAt);
      const counts = { succeeded, refused, failed, malformed, errors };
      this.#place(
        flight.source.firstIndex + from - this.#options.selection.skip,
        { count, output, letters, counts },
        'lent',
      );
    }
    this.#left(flight, count);
  }

  // -- records by themselves ----------------------------------------------------------------------------------------

  *#records(source: LineSource, from: number, count: number): Generator<FileRecord> {
    const { kind, options } = source.recipe;
    for (const { bytes, line, index } of source.records(from, count))
      yield lineRecord(bytes, { line, index }, kind, options);
  }

  #oneByOne(source: LineSource, from: number, count: number): void {
    this.#waiting.push(...this.#records(source, from, count));
    this.#pump();
  }

  #single(record: FileRecord): void {
    const { skip, limit } = this.#options.selection;
    const ordinal = record.index - skip;
    if (ordinal < 0 || ordinal >= limit || this.#writer.done.has(ordinal)) return;
    this.#inFlight++;
    this.#waiting.push(record);
    this.#pump();
  }

  #pump(): void {
    const { max } = this.#options.batch.concurrency;
    while (this.#alone.size < max && this.#waiting.length > 0 && this.#state === 'running')
      this.#run(this.#waiting.shift()!);
  }

  #run(record: FileRecord): void {
    const over = (result: Pick<Done, 'response' | 'error'>): void => {
      this.#alone.delete(record);
      this.#inFlight--;
      if (this.#state === 'running') {
        this.#over({ record, ...result, attempts: record.malformed === undefined ? 1 : 0 });
        this.#pump();
      }
      this.#wake();
    };
    if (record.malformed !== undefined) {
      over({ response: undefined, error: malformedError(record) });
      return;
    }
    this.#alone.set(record, undefined);
    const plugin = record.plugin ?? this.#plugin;
    const startedAt = this.#calls.begin();
    const ended = (outcome: 'success' | 'unsuccessful'): void => this.#calls.end(plugin, 0, startedAt, outcome);
    const job = this.#submit(plugin, record, WAIT, {
      resolve: (response) => {
        ended(response.success ? 'success' : 'unsuccessful');
        over({ response, error: undefined });
      },
      reject: (error) => {
        ended('unsuccessful');
        over({ response: undefined, error });
      },
    });
    if (this.#alone.has(record)) this.#alone.set(record, job);
  }

  /** A record is over by itself. */
  #over(done: Done): void {
    const { record, response, error } = done;
    if (record.malformed !== undefined) this.#options.onMalformed?.(record.line, record.malformed);
    const line = this.#options.output.format === 'jsonl' ? outputLine(done) : plainLine(done);
    const letters = this.#options.deadLetter === undefined || response?.success ? [] : [deadLetterLine(done)];
    const counts = {
      succeeded: Number(response?.success === true),
      refused: Number(response?.success === false),
      failed: Number(error !== undefined),
      malformed: Number(record.malformed !== undefined),
      errors: error === undefined ? {} : { [error.code]: 1 },
    };
    this.#place(
      record.index - this.#options.selection.skip,
      { count: 1, output: Buffer.from(`${line}\n`), letters, counts },
      'own',
    );
  }

  // -- results --------------------------------------------------------------------------------------------------------

  /** Writes a piece, or keeps it until what comes before it is written. */
  #place(index: number, piece: Piece, memory: 'lent' | 'own'): void {
    this.#done += piece.count;
    for (const key of ['succeeded', 'refused', 'failed'] as const) this.#counts[key] += piece.counts[key];
    if (!this.#options.batch.ordered) {
      this.#write(index, piece);
      return;
    }
    if (index !== this.#next) {
      this.#early.set(index, memory === 'own' ? piece : { ...piece, output: Buffer.from(piece.output) });
      return;
    }
    for (let next: Piece | undefined = piece; next !== undefined; next = this.#early.get(this.#next)) {
      this.#early.delete(this.#next);
      this.#write(this.#next, next);
      this.#next += next.count;
    }
  }

  #write(index: number, { count, output, letters, counts }: Piece): void {
    this.#tally.addMany(counts);
    try {
      const full = this.#writer.addBytes(index, count, output, letters);
      // Whoever waits for it next hears of a failure, and so does the end.
      full?.catch(() => {});
      this.#full = full ?? this.#full;
    } catch (error) {
      this.#failure ??= { error };
      this.#wake();
    }
  }
}
