export type { QueueOptions } from './options.ts';
export { type SubmitOptions, type SubmitProgress, type SubmittedPlugin, submitBatch } from './submit.ts';
export { type BatchWorker, startWorker, type WorkerOptions, type WorkerStatus } from './worker.ts';
