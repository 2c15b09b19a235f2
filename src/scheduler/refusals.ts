import type { PluginError } from '../errors.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import type { HostCalls } from './host-calls.ts';
import type { Job } from './job.ts';

/** What is not even queued, because of what its caller said or of where it was called from. */
export class Refusals {
  readonly #maxThreads: number;
  readonly #hostCalls: HostCalls;

  constructor(maxThreads: number, hostCalls: HostCalls) {
    this.#maxThreads = maxThreads;
    this.#hostCalls = hostCalls;
  }

  /** Why a job is refused, if there is a reason. */
  of(job: Job, { signal, deadlineMs }: ProcessOptions): PluginError | undefined {
    if (signal?.aborted)
      return job.error('ERR_ABORTED', 'The request was aborted before it began', { cause: signal.reason });
    if (deadlineMs !== undefined && deadlineMs <= 0) return tooLate(job, deadlineMs);
    return this.#deadlock(job);
  }

  /** Every thread waits for a function of the embedder's, and one of these asks for a thread. */
  #deadlock(job: Job): PluginError | undefined {
    const maxThreads = this.#maxThreads;
    if (!this.#hostCalls.wouldWaitForEver(maxThreads)) return undefined;
    const message = `All ${maxThreads} threads wait for host functions, of which one made this request`;
    return job.error('ERR_QUEUE_FULL', message, {
      limit: { name: 'maxThreads', value: maxThreads },
      hint: 'Let host functions not call plugins that call them in turn, or raise `maxThreads`.',
    });
  }
}

/** A request whose deadline had passed before it was asked for. */
function tooLate(job: Job, deadlineMs: number): PluginError {
  const message = `The request came ${-deadlineMs} ms after its deadline, and did not begin`;
  const hint = 'It had no time left when it was asked for; look at what came before it.';
  return job.error('ERR_DEADLINE', message, { limit: { name: 'deadlineMs', value: deadlineMs }, hint });
}
