import { performance } from 'node:perf_hooks';
import { describe, PluginError } from '../errors.ts';
import { isError } from '../text/is-error.ts';

/** Attempts to start a thread before work that waits for one is failed. */
const ATTEMPTS = 3;
/** Milliseconds until the second attempt, doubled for each further one, and at the most; half of it is left to chance. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

/** Keeps count of attempts to start a thread that failed, and says when the next one may be made. */
export class StartAttempts {
  #failures = 0;
  #retryAt = 0;

  /** Whether work that waits for a thread should be failed. Attempts go on when there is other work. */
  get exhausted(): boolean {
    return this.#failures >= ATTEMPTS;
  }

  /** Milliseconds until the next attempt may be made; 0 when it may be made now. */
  get delayMs(): number {
    return this.#failures === 0 ? 0 : Math.max(Math.ceil(this.#retryAt - performance.now()), 0);
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures++;
    const delay = Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 1), LONGEST_DELAY_MS);
    this.#retryAt = performance.now() + delay * (0.5 + Math.random() / 2);
  }

  /** What work fails with that waits for a thread. */
  error(cause: unknown): PluginError {
    const message = `No worker thread could be started in ${this.#failures} attempts: ${describe(cause)}`;
    return new PluginError('ERR_WORKER_CRASHED', message, { hint: hintOf(cause), cause });
  }
}

function hintOf(cause: unknown): string {
  const code = isError(cause) && 'code' in cause ? cause.code : undefined;
  if (code === 'ERR_ACCESS_DENIED')
    return 'Allow worker threads: start Node.js with `--allow-worker` beside `--permission`.';
  const text = describe(cause);
  if (text.includes('uv_cwd'))
    return 'Start the program in a directory that exists: Node starts no thread in one that was removed.';
  if (text.includes('EMFILE')) return 'Raise the number of files that the process may have open (`ulimit -n`).';
  return (
    'Check the memory and the number of threads that the process may have (`ulimit -u`, `pids.max` of a container); ' +
    'the engine tries again with the next requests.'
  );
}
