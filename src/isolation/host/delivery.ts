import { performance } from 'node:perf_hooks';
import type { Tally } from '../../observe/tally.ts';
import type { Result } from '../wire/results.ts';
import type { AnswerLength } from './answer-length.ts';
import type { Passage } from './passage.ts';

/** What is learnt from a result, beside what its caller gets. */
export interface Learning {
  readonly answers: AnswerLength | undefined;
  readonly tally: Tally | undefined;
  /** What `performance.now()` has to have added to be the system's monotonic clock. */
  readonly clockOffset: number;
}

/**
 * Settles a request with what came of it in the child.
 *
 * @returns Whether it failed.
 */
export function deliver(passage: Passage, result: Result, learning: Learning): 'failed' | 'answered' {
  const { job, failure: givenUp } = passage;
  const { outcome } = result;
  const { answers } = learning;
  note(passage, result, learning);
  if (outcome.kind === 'failed') {
    answers?.learn(0);
    const { error, began, killed } = outcome;
    job.began = began;
    // The child knows that a request was given up, and not why.
    const given = error.code === 'ERR_ABORTED' ? givenUp : undefined;
    const failure = given ?? job.error(error.code, error.message, error);
    if (killed) job.lane.gate?.killed(job, failure);
    job.reject(failure);
    return 'failed';
  }
  job.began = true;
  if (outcome.kind === 'answered') {
    answers?.learn(outcome.response.output.length);
    job.resolve(outcome.response);
  } else {
    answers?.learn(outcome.bytes);
    job.value = outcome.value;
    job.resolve(RETURNED);
  }
  return 'answered';
}

/** When and where it ran. */
function note({ job }: Passage, { times, threadId }: Result, { tally, clockOffset }: Learning): void {
  if (times.begun === 0) return;
  const ended = times.ended === 0 ? 0 : times.ended - clockOffset;
  const ran = { asked: job.askedAt, begun: times.begun - clockOffset, ended };
  job.elsewhere = { threadId, times: ran };
  tally?.queueWait.record(ran.begun - ran.asked);
  tally?.duration.record((ended === 0 ? performance.now() : ended) - ran.begun);
}

/** What a function returned is with the job; for the books it is an answer. */
const RETURNED = Object.freeze({ output: '', success: true });
