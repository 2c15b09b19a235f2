import type { PluginResponse } from '../contract/values.ts';
import { fromWire } from '../errors.ts';
import type { Berth } from '../pool/berth.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import type { Job } from './job.ts';

/** What a function returned is with the job; for the books it is an answer. */
export const RETURNED: PluginResponse = Object.freeze({ output: '', success: true });

/** Settles a job that is done in its worker with what it ended with: what stands in its slot, or was posted before that was done. */
export function settle(job: Job, thread: PluginThread, berth: Berth): void {
  // What its guest said last may have had its caller give it up, and the berth be used again.
  if (job.state === 'settled') return;
  const { mailbox } = berth;
  const at = job.call === undefined ? undefined : mailbox.value(job.slot);
  if (at !== undefined) {
    returned(job, decoded(job, mailbox.buffer, at));
    return;
  }
  const response = job.kind === 'process' ? mailbox.response(job.slot) : undefined;
  if (response !== undefined) {
    job.resolve(response);
    return;
  }
  const posted = thread.posted(berth, job.slot);
  if (posted?.kind === 'response') job.resolve(posted.response);
  else if (posted?.kind === 'value') returned(job, posted.value);
  else if (posted?.kind === 'value-bytes') returned(job, decoded(job, posted.bytes.buffer, 0));
  else if (posted?.kind === 'metadata') job.resolve(posted.metadata);
  else if (posted?.kind === 'error') {
    const error = fromWire(posted.error);
    job.reject(job.error(error.code, error.message, error));
  } else job.reject(job.error('ERR_WORKER_CRASHED', 'The worker finished the request and lost its result'));
}

function returned(job: Job, value: unknown): void {
  job.value = value;
  job.resolve(RETURNED);
}

function decoded({ call }: Job, buffer: ArrayBufferLike, at: number): unknown {
  return call?.kind === 'bytes' ? call.decode(buffer, at) : undefined;
}
