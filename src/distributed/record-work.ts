import { randomUUID } from 'node:crypto';
import type { BatchRequest, BatchResult } from '../batch/options.ts';
import type { ChunkRecord, ChunkResult, RecordChunk } from './chunk.ts';
import { type ChunkPlace, type ChunkWork, notInBatch } from './chunk-work.ts';
import { beginRecords, LOST, putResults } from './results.ts';

const NOT_IN_BATCH = 'not in the batch: ';

/** Runs records that were found by the one who submits. */
export class RecordWork implements ChunkWork {
  readonly #chunk: RecordChunk;
  readonly #place: ChunkPlace;
  readonly #records: readonly ChunkRecord[];
  /** Results that are not in Redis yet: index and value, in turns. */
  #results: (string | number)[] = [];
  /** Of this run among others of the same chunk: a worker that lost its lock may still be at it. */
  readonly #name = randomUUID();

  /** @param done The fields of the results that are in Redis. */
  constructor(chunk: RecordChunk, done: readonly string[], place: ChunkPlace) {
    this.#chunk = chunk;
    this.#place = place;
    const known = new Set(done);
    this.#records = chunk.records.filter(({ index }) => !known.has(`${index}`));
  }

  get left(): number {
    return this.#records.length;
  }

  async run(names: ReadonlyMap<string, string>): Promise<void> {
    const records = this.#records;
    const { recipe, once } = this.#chunk;
    const { engine, concurrency, stopped, givenUp } = this.#place;
    // No engine knows a plugin by such a name.
    const named = (name: string): string => names.get(name) ?? `${NOT_IN_BATCH}${name}`;
    const { plugin, deadlineMs, retry, idempotent, chain } = recipe;
    const request = ({ input, options = [], plugin: own }: ChunkRecord): BatchRequest => ({
      input,
      options,
      ...(own !== undefined && { plugin: named(own) }),
    });
    /** Those that began here, in this order. */
    const running: number[] = [];
    const begin = (records: readonly ChunkRecord[]) => this.#begin(records);
    async function* requests(): AsyncGenerator<BatchRequest> {
      for (let at = 0; at < records.length && !stopped.aborted; at += concurrency) {
        // Whoever has begun is not given back.
        for (const record of await begin(records.slice(at, at + concurrency))) {
          running.push(record.index);
          yield request(record);
        }
      }
    }
    function* repeatable(): Generator<BatchRequest> {
      for (const record of records) {
        if (stopped.aborted) return;
        running.push(record.index);
        yield request(record);
      }
    }
    const results = engine.batch(once === undefined ? repeatable() : requests(), {
      ...(plugin !== undefined && { plugin: named(plugin) }),
      chain: chain.map(named),
      concurrency,
      retry,
      idempotent,
      signal: givenUp,
      ...(deadlineMs !== undefined && { deadlineMs }),
    });
    try {
      for await (const result of results) {
        this.#results.push(running[result.index]!, JSON.stringify(resultOf(result, names)));
      }
    } catch (error) {
      // What ran too long goes back with its chunk.
      if (!givenUp.aborted) throw error;
    }
  }

  /** Those of some records that may begin now, where each begins once; the others are lost. */
  async #begin(records: readonly ChunkRecord[]): Promise<readonly ChunkRecord[]> {
    const indexes = records.map(({ index }) => index);
    const mine = await beginRecords(this.#place.connection, this.#chunk, this.#chunk.once!, this.#name, indexes);
    for (const index of indexes) if (!mine.has(index)) this.#results.push(index, LOST);
    return records.filter(({ index }) => mine.has(index));
  }

  async write(): Promise<number | undefined> {
    const results = this.#results;
    this.#results = [];
    if (results.length === 0) return 0;
    const wins = this.#chunk.once === undefined ? 'last' : 'first';
    const wanted = await putResults(this.#place.connection, this.#chunk, results, wins);
    return wanted ? results.length / 2 : undefined;
  }
}

function resultOf(result: BatchResult, names: ReadonlyMap<string, string>): ChunkResult {
  if (result.ok) {
    const { output, success, errorMessage } = result;
    return { response: { output, success, ...(errorMessage !== undefined && { errorMessage }) } };
  }
  const { plugin } = result.error;
  const isNone = plugin?.startsWith(NOT_IN_BATCH);
  const { code, message, hint } = isNone ? notInBatch(names, plugin!.slice(NOT_IN_BATCH.length)) : result.error;
  return { error: { code, message, ...(hint !== undefined && { hint }) }, attempts: result.attempts };
}
