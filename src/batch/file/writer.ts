import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { IndexSet } from '../journal/indexes.ts';
import type { Journal } from '../journal/journal.ts';
import { NOTHING_WRITTEN, type Written } from '../journal/written.ts';
import { Block } from './block.ts';
import type { BatchOutput } from './output.ts';
import type { Tally } from './tally.ts';

/** Bytes that are collected before they are written in one go, and for how many milliseconds. */
const BLOCK_BYTES = 256 * 1024;
const BLOCK_MS = 100;
/** Of what is compressed: the smaller the block, the worse it packs. */
const COMPRESSED_BYTES = 1024 * 1024;
const COMPRESSED_MS = 250;
/** Blocks that may wait to be written before the reading waits too. */
const MAX_BLOCKS = 4;
/** Milliseconds between two checkpoints that survive a loss of power. */
const SYNC_MS = 1000;

/** Where results go. */
export interface WriterFiles {
  readonly output: BatchOutput;
  readonly deadLetter: BatchOutput | undefined;
  readonly journal: Journal | undefined;
  /** What the records come from. @default nothing that a later run could compare */
  readonly input?: { readonly progress: Written };
}

/**
 * Writes results in blocks: first the output, then the dead letters, then the journal, which counts only what is in
 * both. Blocks are written one after the other, while the next one is collected.
 */
export class BatchWriter {
  readonly #files: WriterFiles;
  readonly #tally: Pick<Tally, 'state'>;
  readonly #done: IndexSet;
  readonly #pace: { readonly bytes: number; readonly milliseconds: number };
  readonly #output = new Block();
  readonly #deadLetter = new Block();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #syncedAt = performance.now();
  #unsynced = false;

  /** @param pace `prompt` writes each result at once, so that little is lost; `packed` waits for larger blocks. */
  constructor(files: WriterFiles, tally: Pick<Tally, 'state'>, pace: 'prompt' | 'normal' | 'packed') {
    this.#files = files;
    this.#tally = tally;
    this.#done = new IndexSet(files.journal?.state.checkpoint.done);
    if (pace === 'prompt') this.#pace = { bytes: 1, milliseconds: 0 };
    else if (pace === 'packed') this.#pace = { bytes: COMPRESSED_BYTES, milliseconds: COMPRESSED_MS };
    else this.#pace = { bytes: BLOCK_BYTES, milliseconds: BLOCK_MS };
  }

  /** The records whose results were taken, those of earlier runs included. */
  get done(): Pick<IndexSet, 'has' | 'prefix' | 'run'> {
    return this.#done;
  }

  /**
   * Takes the lines of a result. A promise says that the files cannot keep up, and resolves when they have.
   *
   * @throws {PluginError} `ERR_BATCH_FILE` when a block before could not be written.
   */
  add(index: number, line: string, deadLetter: string | undefined): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#output.add(line);
    if (deadLetter !== undefined) this.#deadLetter.add(deadLetter);
    return this.#added(index, 1);
  }

  /** The same for the lines of many results, as bytes; `count` of them from one on. */
  addBytes(index: number, count: number, lines: Uint8Array, deadLetters: string[]): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#output.addBytes(lines);
    for (const letter of deadLetters) this.#deadLetter.add(letter);
    return this.#added(index, count);
  }

  #added(index: number, count: number): Promise<void> | undefined {
    if (this.#files.journal !== undefined) this.#done.add(index, count);
    if (this.#output.length < this.#pace.bytes) {
      this.#timer ??= setTimeout(() => this.#due(), this.#pace.milliseconds);
      return undefined;
    }
    this.#start();
    if (this.#output.length < Math.max(this.#pace.bytes, BLOCK_BYTES) * MAX_BLOCKS) return undefined;
    return this.#writing?.then(() => this.#assertWell());
  }

  /** Notes in the journal that records below a number may begin. */
  async begin(index: number): Promise<void> {
    await this.#exclusively(() => this.#files.journal!.begin(index));
    this.#assertWell();
  }

  /** Writes everything that was taken. */
  async flush(): Promise<void> {
    while (this.#failure === undefined && (this.#output.length > 0 || this.#writing !== undefined)) {
      await this.#idle();
      this.#start();
    }
    this.#assertWell();
  }

  #assertWell(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #idle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Writes the next block unless something is being written; then the next one is started when that is done. */
  #start(): void {
    if (this.#writing !== undefined || this.#failure !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#output.length === 0) return;
    const output = this.#output.take();
    const deadLetter = this.#deadLetter.take();
    // As it is now: what is taken while the block is written belongs to the next one.
    const done = this.#files.journal === undefined ? [] : [...this.#done.edges];
    const tally = this.#tally.state;
    void this.#exclusively(async () => {
      await this.#files.output.write(output);
      await this.#files.deadLetter?.write(deadLetter);
      this.#output.release(output);
      this.#deadLetter.release(deadLetter);
      await this.#checkpoint(done, tally);
    });
  }

  #due(): void {
    this.#timer = undefined;
    this.#start();
  }

  async #checkpoint(done: readonly number[], tally: unknown): Promise<void> {
    const { output, deadLetter, journal, input } = this.#files;
    if (journal === undefined) return;
    const now = performance.now();
    const durability = now - this.#syncedAt >= SYNC_MS ? 'synced' : 'written';
    if (durability === 'synced') {
      this.#syncedAt = now;
      await Promise.all([output.sync(), deadLetter?.sync()]);
    }
    this.#unsynced = durability === 'written';
    const checkpoint = {
      done,
      output: output.written,
      deadLetter: deadLetter?.written ?? NOTHING_WRITTEN,
      input: input?.progress ?? NOTHING_WRITTEN,
      tally,
    };
    await journal.checkpoint(checkpoint, durability);
  }

  /** One after the other: two blocks at once would be written to the same place. */
  #exclusively(write: () => Promise<void>): Promise<void> {
    const writing = (this.#writing === undefined ? write() : this.#writing.then(write))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        if (this.#writing !== writing) return;
        this.#writing = undefined;
        // What has become large enough, or due, while this was written.
        if (this.#output.length >= this.#pace.bytes || this.#timer === undefined) this.#start();
      });
    this.#writing = writing;
    return writing;
  }

  /** Has the disk hold the results before the journal goes. */
  async finish(outcome: 'complete' | 'interrupted'): Promise<void> {
    await this.flush();
    if (outcome === 'complete') {
      await this.#files.output.finish();
      await this.#files.deadLetter?.finish();
      this.#unsynced = true;
    }
    if (!this.#unsynced) return;
    await Promise.all([this.#files.output.sync(), this.#files.deadLetter?.sync()]);
  }

  /** Takes nothing more, and waits for what is being written. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#idle();
  }
}
