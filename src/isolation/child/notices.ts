import { writeSync } from 'node:fs';
import type { Job } from '../../scheduler/job.ts';
import { BATCH_BEGINS, NOTICES_FD, TAKEN_BACK } from '../wire/messages.ts';

/**
 * Tells the host which requests are about to be handed to a thread, before they are, by a write that waits until the
 * system has it: whatever ends this process in the next moment, the host finds it in the pipe. What is not in there has
 * not begun (invariant 2). One write for each batch.
 */
export class Notices {
  sending(jobs: readonly Job[]): void {
    if (jobs[0]?.kind !== 'process') return;
    const words = new Uint32Array(jobs.length + 1);
    words[0] = BATCH_BEGINS + jobs.length;
    for (const [index, job] of jobs.entries()) words[index + 1] = requestOf(job);
    write(words);
  }

  takenBack(jobs: readonly Job[]): void {
    const requests = jobs.filter(({ kind }) => kind === 'process').map((job) => TAKEN_BACK + requestOf(job));
    if (requests.length > 0) write(Uint32Array.from(requests));
  }
}

/** The host's number of a request is what it is called here. */
function requestOf(job: Job): number {
  return Number(job.requestId);
}

function write(words: Uint32Array): void {
  let at = 0;
  while (at < words.byteLength) at += writeSync(NOTICES_FD, words, at, words.byteLength - at);
}
