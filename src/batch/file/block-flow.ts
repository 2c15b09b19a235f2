import { performance } from 'node:perf_hooks';
import type { LineSource } from '../../block/line-source.ts';
import { PluginError } from '../../errors.ts';
import type { BlockPiece } from '../../scheduler/block.ts';
import { OldestInFlight } from '../oldest.ts';
import { type BatchProgress, CallStatistics } from '../statistics.ts';
import { type BlockFlight, BlockFlights, recordsOf } from './block-flights.ts';
import type { BlockHost, FlowHost } from './block-host.ts';
import type { BlockReader } from './block-reader.ts';
import { BlockResults } from './block-results.ts';
import { LoneRecords } from './lone-records.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { type PieceForm, pieceOfBlock, pieceOfOne } from './piece-of.ts';
import type { PieceSink } from './piece-sink.ts';
import { FileRecord } from './record.ts';
import type { Done } from './result-line.ts';

/** What of the options of a batch matters to blocks. */
export type BlockFlowOptions = PieceForm &
  Pick<ResolvedFileBatchOptions, 'batch' | 'selection' | 'interrupt' | 'onMalformed'>;

/**
 * Runs the lines of a file as blocks. Per record this thread counts a line and does nothing else: workers find the
 * records and write the lines of the output.
 */
export class BlockFlow {
  readonly #options: BlockFlowOptions;
  readonly #host: BlockHost;
  readonly #lone: LoneRecords;
  readonly #results: BlockResults;
  readonly #done: PieceSink['done'];
  readonly #blocks: BlockReader;
  readonly #plugin: string;
  readonly #calls = new CallStatistics();
  readonly #startedAt = performance.now();
  readonly #oldest = new OldestInFlight();
  readonly #flights: BlockFlights;
  #inFlight = 0;
  #state: 'running' | 'stopped' = 'running';
  #notify: (() => void) | undefined;

  constructor(
    options: BlockFlowOptions,
    blocks: BlockReader,
    { blocks: host, submit, submitMany }: FlowHost,
    sink: PieceSink,
  ) {
    this.#options = options;
    this.#host = host;
    this.#blocks = blocks;
    this.#done = sink.done;
    // Where there is none, each record goes by itself, and is to name one.
    this.#plugin = options.batch.plugin ?? '';
    this.#lone = new LoneRecords(options.batch, submit, submitMany, this.#calls, (done) => this.#over(done));
    this.#results = new BlockResults(this.#order, sink, () => this.#wake());
    this.#flights = new BlockFlights(host, this.#plugin, {
      done: (flight, piece) => this.#took(flight, piece),
      failed: (flight, records, error) => {
        const calls = records.filter(({ malformed }) => malformed === undefined).length;
        this.#calls.add(this.#plugin, 0, { calls, unsuccessful: calls }, performance.now() - flight.startedAt);
        for (const record of records) this.#lone.failed(record, error);
      },
      foreign: (records) => this.#lone.add(records),
      left: (count, how) => {
        if (how === 'are over') this.#inFlight -= count;
        this.#wake();
      },
      landed: (source) => this.#blocks.release(source),
    });
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
        else if (item.bytes.length > this.#host.bytes)
          for (const record of recordsOf(item, 0, item.count)) this.#single(record);
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
      this.#flights.stop(reason);
      this.#inFlight -= this.#lone.stop(reason);
    }
    while (this.#inFlight > 0) await this.#change('even a failure');
  }

  /** What has not begun is left for the run that continues this one; what runs finishes. */
  #withdraw(): void {
    this.#flights.withdraw(this.#order);
    this.#inFlight -= this.#lone.forget();
    this.#wake();
  }

  progress(): BatchProgress {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const { done, counts } = this.#results;
    return {
      read: done + this.#inFlight,
      done,
      ...counts,
      retried: this.#lone.retried,
      inFlight: this.#inFlight,
      concurrency: this.#options.batch.concurrency.max,
      seconds,
      recordsPerSecond: done / seconds,
      plugins: this.#calls.plugins(),
      oldest: this.#oldest.look(this.#oldestRecord()),
    };
  }

  #oldestRecord(): Parameters<OldestInFlight['look']>[0] {
    const lone = this.#lone.oldest;
    if (lone !== undefined) {
      const { record, plugin } = lone;
      return { key: lone, plugin, index: record.index, id: record.id };
    }
    const index = this.#flights.oldest;
    return index === undefined ? undefined : { key: index, plugin: this.#plugin, index, id: undefined };
  }

  get #order(): 'kept' | 'any' {
    return this.#options.batch.ordered ? 'kept' : 'any';
  }

  get #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** Waits until another block may be read. */
  async #room(): Promise<void> {
    for (;;) {
      this.#assertWell();
      const full = this.#results.takeFull();
      if (full !== undefined) await full;
      else if (this.#flights.size >= this.#host.blocks || this.#lone.waiting > 0) {
        if (this.#isStopped) return;
        await this.#change();
      } else return;
    }
  }

  #assertWell(): void {
    const { signal } = this.#options.batch;
    if (signal?.aborted) throw new PluginError('ERR_ABORTED', 'The batch was aborted', { cause: signal.reason });
    this.#results.assertWell();
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
    const done = this.#done;
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
    this.#flights.send(source);
  }

  /** A record that does not fit a block. */
  #single(record: FileRecord): void {
    const { skip, limit } = this.#options.selection;
    const ordinal = record.index - skip;
    if (ordinal < 0 || ordinal >= limit || this.#done.has(ordinal)) return;
    this.#inFlight++;
    this.#lone.add([record]);
  }

  #took({ source, startedAt }: BlockFlight, done: BlockPiece): void {
    if (this.#isStopped) return;
    const { from, count } = done;
    const piece = pieceOfBlock(done, this.#options, source.recipe.file);
    const { refused, failed, malformed } = piece.counts;
    const calls = { calls: count - malformed, unsuccessful: refused + failed - malformed };
    this.#calls.add(this.#plugin, 0, calls, performance.now() - startedAt);
    this.#results.place(source.firstIndex + from - this.#options.selection.skip, piece, 'lent');
  }

  /** A record is over by itself. */
  #over(done: Done): void {
    this.#inFlight--;
    if (!this.#isStopped) {
      const ordinal = done.record.index - this.#options.selection.skip;
      this.#results.place(ordinal, pieceOfOne(done, this.#options), 'own');
    }
    this.#wake();
  }
}
