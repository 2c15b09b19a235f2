import { randomUUID } from 'node:crypto';
import { clearTimeout, setTimeout } from 'node:timers';
import { PluginError } from '../errors.ts';
import type { Abortable } from '../request/abort.ts';
import { type ProcessRequest, resolveRequestOptions } from '../request/request.ts';
import type { JobListener } from '../scheduler/job.ts';
import { type ChunkRecord, errorOf } from './chunk.ts';
import { ChunkQueue, type ChunkQueueSettings } from './chunk-queue.ts';
import { toChunkResult } from './incoming.ts';
import { type QueueConnection, queueFailure } from './redis.ts';

/** Milliseconds that requests wait for others to fill a chunk with. */
const GATHER_MS = 20;

/** Requests one by one, which travel in chunks: the queue in the place of an engine. */
export class QueueCalls {
  readonly #queue: ChunkQueue;
  readonly #size: number;
  readonly #listeners = new Map<number, JobListener>();
  #gathered: ChunkRecord[] = [];
  #timer: NodeJS.Timeout | undefined;
  #calls = 0;
  #collecting: Promise<void> | undefined;
  readonly #failed = new AbortController();
  #state: 'open' | 'closed' = 'open';

  /** @param size Records in a chunk. */
  constructor(connection: QueueConnection, settings: Omit<ChunkQueueSettings, 'batch' | 'atMostOnce'>, size: number) {
    this.#queue = new ChunkQueue(connection, { ...settings, batch: randomUUID(), atMostOnce: false });
    this.#size = size;
  }

  /** Before the first call. */
  begin(): Promise<void> {
    return this.#queue.begin();
  }

  /** As `engine.process`, for a listener. */
  readonly submit = (plugin: string, request: ProcessRequest, _options: unknown, listener: JobListener): Abortable => {
    const index = this.#calls++;
    this.#listeners.set(index, listener);
    const { input } = request;
    const options = resolveRequestOptions(request.options);
    this.#gathered.push({ index, plugin, input, ...(options.length > 0 && { options }) });
    if (this.#gathered.length >= this.#size) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), GATHER_MS);
    return {
      aborted: () =>
        this.#settle(index, (heard) => heard.reject(new PluginError('ERR_ABORTED', 'The batch was aborted'))),
    };
  };

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const records = this.#gathered;
    this.#gathered = [];
    if (records.length === 0 || this.#state === 'closed') return;
    this.#queue.add(records[0]!.index, { records }, 'new').then(
      () => {
        this.#collecting ??= this.#collect();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  async #collect(): Promise<void> {
    try {
      for (;;) {
        const complete = await this.#queue.take('any');
        if (complete === undefined) return;
        for (const [index, value] of Object.entries(complete.results)) {
          const result = toChunkResult(Number(index), value.toString('utf8'));
          this.#settle(Number(index), (listener) => {
            if ('response' in result) listener.resolve(result.response);
            else listener.reject(errorOf(result));
          });
        }
        await this.#queue.remove(complete.chunk);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#collecting = undefined;
    }
  }

  /** Once: what was aborted is heard of no more. */
  #settle(index: number, tell: (listener: JobListener) => void): void {
    const listener = this.#listeners.get(index);
    this.#listeners.delete(index);
    if (listener !== undefined) tell(listener);
  }

  #fail(error: unknown): void {
    if (this.#state === 'closed') return;
    const failure = error instanceof PluginError ? error : queueFailure('Redis failed', error);
    // First: nobody is to take what is rejected now for the end of a record.
    this.#failed.abort(failure);
    for (const index of [...this.#listeners.keys()]) this.#settle(index, (listener) => listener.reject(failure));
  }

  /** Aborted, with the error, when the queue has failed. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** Has Redis forget the calls, which are all answered. */
  async end(): Promise<void> {
    this.close();
    await this.#collecting;
    await this.#queue.end();
  }

  /** Ends it; what is queued still runs, and nobody hears of it. */
  close(): void {
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#queue.stop();
  }
}
