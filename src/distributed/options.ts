/**
 * Which queue, and where.
 *
 * @example
 * const queue: QueueOptions = { redis: 'redis://127.0.0.1:6379', queue: 'nightly' };
 * const worker = await startWorker(queue);
 */
export interface QueueOptions {
  /** The URL of Redis or Valkey. @default redis://127.0.0.1:6379 */
  readonly redis?: string;
  /** The name of the queue, which dashboards show. @default wasm-plugin-pool */
  readonly queue?: string;
}
