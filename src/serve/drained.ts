import type { ServerResponse } from 'node:http';
import { clearTimeout, setTimeout } from 'node:timers';

/**
 * Resolves when a client has read what was written, or is gone.
 *
 * @param timeoutMs For which it may read nothing; then its connection ends.
 */
export function drained(response: ServerResponse, timeoutMs: number): Promise<void> {
  if (response.destroyed || !response.writableNeedDrain) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  // The signal of the connection ends what is being answered.
  const timer = setTimeout(() => response.destroy(), timeoutMs);
  const done = (): void => {
    clearTimeout(timer);
    response.off('drain', done).off('close', done);
    resolve();
  };
  response.on('drain', done).on('close', done);
  return promise;
}
