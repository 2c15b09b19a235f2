import type { ThreadCounts } from '../observe/snapshot.ts';
import type { Executor, ProcessStatus } from '../registry/executor.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Plugins } from './plugins.ts';

/**
 * What `engine.status()` shows.
 *
 * @example
 * const { queued, threads }: EngineStatus = engine.status();
 * console.log(`${queued} requests wait, ${threads.busy} threads work`);
 */
export interface EngineStatus {
  /** Requests that have not begun. */
  readonly queued: number;
  /** Bytes of requests that are not answered, and of large answers that somebody still has: see `maxOutstandingBytes`. */
  readonly outstandingBytes: number;
  /**
   * All worker threads that exist, by what they are doing: `ending` were told to end, `stuck` have not ended within 2 s
   * and keep their place among `maxThreads` until they do.
   */
  readonly threads: Readonly<ThreadCounts>;
  readonly plugins: number;
  /** Sessions that are open, come up or are about to be gone. */
  readonly sessions: number;
  /** With the option `isolation`: the processes that run plugins. */
  readonly processes?: readonly ProcessStatus[];
}

/** What an engine is doing now. */
export function describeStatus(
  { scheduler, processes }: Executor,
  plugins: Plugins,
  { size: sessions }: Sessions,
): EngineStatus {
  const { depth: queued, threads, outstanding } = scheduler;
  const { bytes: outstandingBytes } = outstanding;
  const found = plugins.list().length;
  return { queued, outstandingBytes, threads, plugins: found, sessions, ...(processes !== undefined && { processes }) };
}
