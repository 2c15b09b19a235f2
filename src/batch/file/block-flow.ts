import { performance } from 'node:perf_hooks';
import type { LineSource } from '../../block/line-source.ts';
import { PluginError } from '../../errors.ts';
import { Block, type BlockListener, type BlockPiece } from '../../scheduler/block.ts';
import { IndexSet } from '../journal/indexes.ts';
import { OldestInFlight } from '../oldest.ts';
import { type BatchProgress, CallStatistics } from '../statistics.ts';
import type { BlockHost, FlowHost } from './block-host.ts';
import { LineBlocks } from './line-blocks.ts';
import { lineRecord } from './line-record.ts';
import { LoneRecords } from './lone-records.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { pieceOfBlock, pieceOfOne } from './piece-of.ts';
import { type Piece, Pieces } from './pieces.ts';
import { FileRecord } from './record.ts';
import type { Done } from './result-line.ts';
import type { Tally } from './tally.ts';
import type { BatchWriter } from './writer.ts';

/** A block on its way, and how many of its records are not over. */
interface Flight {
  readonly source: LineSource;
  readonly block: Block;
  readonly startedAt: number;
  /** Those of its records that are over. */
  readonly over: IndexSet;
  left: number;
}

let recipes = 0;

/**
 * Runs the lines of a file as blocks. Per record this thread counts a line and does nothing else: workers find the
 * records and write the lines of the output.
 */
export class BlockFlow {
  readonly #options: ResolvedFileBatchOptions;
  readonly #host: BlockHost;
  readonly #lone: LoneRecords;
  readonly #pieces: Pieces;
  readonly #writer: BatchWriter;
  readonly #tally: Tally;
  readonly #blocks: LineBlocks;
  readonly #plugin: string;
  readonly #calls = new CallStatistics();
  readonly #startedAt = performance.now();
  readonly #oldest = new OldestInFlight();
  readonly #flights = new Set<Flight>();
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
    { blocks: host, submit, submitMany }: FlowHost,
    writer: BatchWriter,
    tally: Tally,
  ) {
    this.#options = options;
    this.#host = host;
    this.#writer = writer;
    this.#tally = tally;
    this.#plugin = options.batch.plugin!;
    this.#lone = new LoneRecords(options.batch, submit, submitMany, this.#calls, (done) => this.#over(done));
    const order = options.batch.ordered ? 'kept' : 'any';
    this.#pieces = new Pieces(order, writer.done.prefix, (index, piece) => this.#write(index, piece));
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
      const reason: unknown = this.#options.batch.signal?.reason;
      for (const { block } of [...this.#flights]) block.aborted(AbortSignal.abort(reason));
      this.#inFlight -= this.#lone.stop(reason);
    }
    while (this.#inFlight > 0) await this.#change('even a failure');
  }

  /** What has not begun is left for the run that continues this one; what runs finishes. */
  #withdraw(): void {
    const order = this.#options.batch.ordered ? 'kept' : 'any';
    for (const { block } of [...this.#flights].reverse()) {
      if (!block.withdraw(order) && order === 'kept') break;
    }
    this.#inFlight -= this.#lone.forget();
    this.#wake();
  }

  progress(): BatchProgress {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    return {
      read: this.#done + this.#inFlight,
      done: this.#done,
      ...this.#counts,
      retried: this.#lone.retried,
      inFlight: this.#inFlight,
      concurrency: this.#options.batch.concurrency.max,
      seconds,
      recordsPerSecond: this.#done / seconds,
      plugins: this.#calls.plugins(),
      oldest: this.#oldest.look(this.#oldestRecord()),
    };
  }

  /** Of a block the first record that is not over: they run in their order. */
  #oldestRecord(): Parameters<OldestInFlight['look']>[0] {
    const lone = this.#lone.oldest;
    if (lone !== undefined) {
      const { record, plugin } = lone;
      return { key: lone, plugin, index: record.index, id: record.id };
    }
    const [flight] = this.#flights;
    if (flight === undefined) return undefined;
    const index = flight.source.firstIndex + flight.over.prefix;
    return { key: index, plugin: this.#plugin, index, id: undefined };
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
      } else if (this.#flights.size >= this.#host.blocks || this.#lone.waiting > 0) {
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
        if (this.#state === 'stopped') {
          this.#left(flight, count);
          return;
        }
        flight.over.add(from, count);
        const records = [...this.#records(source, from, count)];
        const calls = records.filter(({ malformed }) => malformed === undefined).length;
        this.#calls.add(this.#plugin, 0, { calls, unsuccessful: calls }, performance.now() - flight.startedAt);
        this.#left(flight, count, 'goes on');
        for (const record of records) this.#lone.failed(record, error);
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
      over: new IndexSet(),
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

  #took(flight: Flight, done: BlockPiece): void {
    const { from, count } = done;
    if (this.#state === 'running') {
      const piece = pieceOfBlock(done, this.#options);
      const { refused, failed, malformed } = piece.counts;
      const calls = { calls: count - malformed, unsuccessful: refused + failed - malformed };
      this.#calls.add(this.#plugin, 0, calls, performance.now() - flight.startedAt);
      this.#place(flight.source.firstIndex + from, piece, 'lent');
    }
    flight.over.add(from, count);
    this.#left(flight, count);
  }

  // -- records by themselves ----------------------------------------------------------------------------------------

  *#records(source: LineSource, from: number, count: number): Generator<FileRecord> {
    const { kind, options } = source.recipe;
    for (const { bytes, line, index } of source.records(from, count))
      yield lineRecord(bytes, { line, index }, kind, options);
  }

  #oneByOne(source: LineSource, from: number, count: number): void {
    this.#lone.add([...this.#records(source, from, count)]);
  }

  #single(record: FileRecord): void {
    const { skip, limit } = this.#options.selection;
    const ordinal = record.index - skip;
    if (ordinal < 0 || ordinal >= limit || this.#writer.done.has(ordinal)) return;
    this.#inFlight++;
    this.#lone.add([record]);
  }

  /** A record is over by itself. */
  #over(done: Done): void {
    this.#inFlight--;
    if (this.#state === 'running') this.#place(done.record.index, pieceOfOne(done, this.#options), 'own');
    this.#wake();
  }

  // -- results --------------------------------------------------------------------------------------------------------

  #place(index: number, piece: Piece, memory: 'lent' | 'own'): void {
    this.#done += piece.count;
    for (const key of ['succeeded', 'refused', 'failed'] as const) this.#counts[key] += piece.counts[key];
    this.#pieces.place(index - this.#options.selection.skip, piece, memory);
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
