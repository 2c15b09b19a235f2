/**
 * Batches across machines, on a queue of Redis.
 *
 * @module wasm-plugin-pool/distributed
 */
export { type BatchStatus, batchStatus, cancelBatch, listBatches, purgeBatch } from './batches.ts';
export type { QueueOptions } from './options.ts';
export type { SubmitProgress } from './submission.ts';
export { type SubmitOptions, type SubmittedPlugin, submitBatch } from './submit.ts';
export { type BatchWorker, startWorker, type WorkerOptions, type WorkerStatus } from './worker.ts';
