import type { Abortable } from '../request/abort.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import type { ProcessRequest } from '../request/request.ts';
import type { JobListener } from '../scheduler/job.ts';

/**
 * `engine.process` for a listener in the place of a promise, which may be called before it returns. Gives back what the
 * request can be aborted by.
 */
export type Submit = (
  plugin: string,
  request: ProcessRequest,
  options: ProcessOptions,
  listener: JobListener,
) => Abortable | undefined;

/**
 * The same for many requests at once, with a listener for each, which travel as blocks where they can. What it gives back
 * aborts all of them.
 */
export type SubmitMany = (
  plugin: string,
  requests: readonly ProcessRequest[],
  options: ProcessOptions,
  listeners: readonly JobListener[],
) => Abortable;
