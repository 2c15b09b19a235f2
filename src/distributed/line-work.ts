import { Buffer } from 'node:buffer';
import { BlockFlow, type BlockFlowOptions } from '../batch/file/block-flow.ts';
import { type BlockHost, type FlowHost, runsInBlocks } from '../batch/file/block-host.ts';
import { BlockMemory } from '../batch/file/block-memory.ts';
import type { BlockReader } from '../batch/file/block-reader.ts';
import { LineBlocks } from '../batch/file/line-blocks.ts';
import { numbered } from '../batch/file/line-recipe.ts';
import type { PieceSink } from '../batch/file/piece-sink.ts';
import type { Piece } from '../batch/file/pieces.ts';
import { resolveSelection } from '../batch/file/selection.ts';
import { IndexSet } from '../batch/journal/indexes.ts';
import { type ResolvedBatchOptions, resolveBatchOptions } from '../batch/options.ts';
import { countLines } from '../block/line-source.ts';
import { batchHostOf } from '../engine.ts';
import { PluginError } from '../errors.ts';
import type { LineChunk } from './chunk.ts';
import { type ChunkPlace, type ChunkWork, notInBatch } from './chunk-work.ts';
import { takeLines } from './lines.ts';
import { type ChunkPiece, encodePiece, fieldOf, joined, rangesOf } from './piece.ts';
import { putPieces } from './results.ts';

/** Redis has lost the lines of a chunk, or another worker has just finished it. */
export class LinesLostError extends Error {}

/** Runs the records on the lines of a chunk, as a batch of a file does that is here: in blocks, as far as they may. */
export class LineWork implements ChunkWork, PieceSink {
  readonly left: number;
  readonly done: IndexSet = new IndexSet();
  readonly #chunk: LineChunk;
  readonly #place: ChunkPlace;
  readonly #hopeless: (message: string) => Error;
  /** What is not in Redis yet. */
  #pieces: ChunkPiece[] = [];
  /** Lines that are no records, of the piece that comes next. */
  #malformed: [line: number, reason: string][] = [];

  /**
   * @param done The fields of the results that are in Redis.
   * @param hopeless Makes the error of a chunk that nobody can run.
   */
  constructor(chunk: LineChunk, done: readonly string[], place: ChunkPlace, hopeless: (message: string) => Error) {
    const { count } = chunk.lines;
    this.#chunk = chunk;
    this.#place = place;
    this.#hopeless = hopeless;
    const ranges = rangesOf(done);
    let end = 0;
    let left = count;
    for (const range of ranges) {
      // The script that puts pieces keeps them apart.
      if (range.from < end) throw hopeless('Redis has results of the chunk that are none');
      end = range.from + range.count;
      left -= range.count;
      this.done.add(range.from, range.count);
    }
    if (end > count || ranges.length !== done.length) throw hopeless('Redis has results of the chunk that are none');
    this.left = left;
  }

  async run(names: ReadonlyMap<string, string>): Promise<void> {
    if (this.left === 0) return;
    const { kind, letters, output, firstIndex, count } = this.#chunk.lines;
    const bytes = await takeLines(this.#place.connection, this.#chunk);
    if (bytes === undefined) throw new LinesLostError();
    if (countLines(kind, bytes, Number.POSITIVE_INFINITY).records !== count) {
      throw this.#hopeless(`The chunk says that it has ${count} records, and has others`);
    }
    const host = batchHostOf(this.#place.engine);
    const batch = this.#batch();
    const options: BlockFlowOptions = {
      batch,
      selection: resolveSelection({ skip: firstIndex, limit: count }),
      output: { format: output },
      deadLetter: letters === 'yes' ? {} : undefined,
      interrupt: this.#place.stopped,
      onMalformed: (line, reason) => this.#malformed.push([line, reason]),
    };
    const flowHost = ofBatch(host, names, runsInBlocks(batch, host.threads));
    const flow = new BlockFlow(options, this.#reader(bytes, host.blocks), flowHost, this);
    try {
      await flow.run();
    } catch (error) {
      // What ran too long goes back with its chunk.
      if (!this.#place.givenUp.aborted || !(error instanceof PluginError) || error.code !== 'ERR_ABORTED') throw error;
    } finally {
      await flow.stop();
    }
  }

  #batch(): ResolvedBatchOptions {
    const { plugin, chain, deadlineMs, retry, idempotent } = this.#chunk.recipe;
    return resolveBatchOptions({
      ...(plugin !== undefined && { plugin }),
      ...(deadlineMs !== undefined && { deadlineMs }),
      chain,
      retry,
      idempotent,
      concurrency: this.#place.concurrency,
      signal: this.#place.givenUp,
    });
  }

  #reader(lines: Buffer, { bytes, records }: BlockHost): BlockReader {
    const { kind, output, letters, options, file, firstIndex, firstLine } = this.#chunk.lines;
    // No more than it takes: chunks are many, and most are small.
    const memory = new BlockMemory(Math.min(bytes, lines.length + 1));
    const plugin = this.#chunk.recipe.plugin ?? '';
    const recipe = numbered({ kind, output, letters, plugin, file, options });
    const chunks = [lines];
    const input = { size: lines.length, read: async () => chunks.pop() };
    const blocks = new LineBlocks(input, recipe, memory, records, { index: firstIndex, line: firstLine });
    return {
      get records() {
        return blocks.records;
      },
      next: () => blocks.next(),
      release: (source) => memory.release(source.bytes),
    };
  }

  take(from: number, { count, output, letters, counts }: Piece): undefined {
    const malformed = this.#malformed;
    this.#malformed = [];
    this.#pieces.push({ from, count, output: Buffer.from(output), letters, counts, malformed });
  }

  async write(): Promise<number | undefined> {
    const pieces = this.#pieces;
    this.#pieces = [];
    if (pieces.length === 0) return 0;
    const encoded = joined(pieces).map((piece) => [fieldOf(piece), encodePiece(piece)] as const);
    return putPieces(this.#place.connection, this.#chunk, encoded);
  }
}

/** The engine as far as the plugins of a batch go, by the names that the batch has for them. */
function ofBatch(host: FlowHost, names: ReadonlyMap<string, string>, inBlocks: boolean): FlowHost {
  return {
    submit: (name, request, options, listener) => {
      const known = names.get(name);
      if (known !== undefined) return host.submit(known, request, options, listener);
      listener.reject(notInBatch(names, name));
      return undefined;
    },
    submitMany: (name, requests, options, listeners) => {
      const known = names.get(name);
      if (known !== undefined) return host.submitMany(known, requests, options, listeners);
      for (const listener of listeners) listener.reject(notInBatch(names, name));
      return { aborted() {} };
    },
    blocks: {
      ...host.blocks,
      submit: (name, block) => {
        const known = names.get(name);
        return inBlocks && known !== undefined && host.blocks.submit(known, block);
      },
    },
  };
}
