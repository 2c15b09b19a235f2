import { trap } from '../trap.ts';
import type { Thread } from './thread.ts';

/** Whether a thread can go on. */
export function isReady(thread: Thread): boolean {
  const { ready, task } = thread;
  return task !== undefined && ready?.() === true && task.instance.lineage.every(({ mayEnter }) => mayEnter);
}

/** The first thread that can go on. */
export function nextReady(threads: Iterable<Thread>): Thread | undefined {
  for (const thread of threads) if (thread.proceed !== undefined && isReady(thread)) return thread;
  return undefined;
}

export function deadlock(): Error {
  return trap('deadlock: nothing is left that could make the calls go on which wait');
}
