/**
 * How the process of a group ended.
 *
 * @example
 * const tell = ({ group, reason, lostRequests }: ProcessEnd) => console.error(group, reason, lostRequests);
 * engine.on('process:ended', tell);
 */
export interface ProcessEnd {
  /** What `isolation.group` gave. */
  readonly group: string;
  readonly pid: number | undefined;
  /** In words: the signal or the exit code, or why it was ended. One line. */
  readonly reason: string;
  /** Requests that may have begun there: they fail with `ERR_WORKER_CRASHED`. Those that had not go to the next one. */
  readonly lostRequests: number;
  /** Milliseconds until the next one is started; undefined when none is. */
  readonly restartAfterMs: number | undefined;
}
