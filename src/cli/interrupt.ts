import { clearTimeout, setTimeout } from 'node:timers';
import { PluginError } from '../errors.ts';
import { type ExitStatus, explain, Failure } from './failure.ts';
import { say } from './output.ts';

const STATUS = { SIGINT: 130, SIGTERM: 143 } as const satisfies Partial<Record<NodeJS.Signals, ExitStatus>>;

/** Seconds that an end in order may take when the time of what runs is over: to write, and to tell Redis. */
const LAST_SECONDS = 10;

/** The user's wish to stop. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit status of a program that was stopped, or undefined while it was not. */
  readonly status: ExitStatus | undefined;
}

/**
 * Runs something that can be interrupted: the first SIGINT or SIGTERM aborts the signal, so that it can end in order;
 * the second one exits at once.
 *
 * @param grace Seconds that what runs may take after the first one. What has not ended some seconds later does not end in
 * order any more, a pipe that nobody reads for example, and the process exits: a journal stands that as it does a kill.
 */
export async function interruptible<Result>(
  run: (interrupt: Interrupt) => Promise<Result>,
  grace?: number,
): Promise<Result> {
  const controller = new AbortController();
  let status: ExitStatus | undefined;
  let last: NodeJS.Timeout | undefined;
  const onSignal = (name: keyof typeof STATUS): void => {
    if (status !== undefined) process.exit(STATUS[name]);
    status = STATUS[name];
    controller.abort();
    if (grace !== undefined) last = setTimeout(() => giveUp(STATUS[name]), (grace + LAST_SECONDS) * 1000).unref();
  };
  const names = Object.keys(STATUS) as (keyof typeof STATUS)[];
  for (const name of names) process.on(name, onSignal);
  try {
    return await run({
      signal: controller.signal,
      get status() {
        return status;
      },
    });
  } catch (error) {
    if (status === undefined || !(error instanceof PluginError) || error.code !== 'ERR_ABORTED') throw error;
    throw new Failure(status, explain(error), error);
  } finally {
    clearTimeout(last);
    for (const name of names) process.off(name, onSignal);
  }
}

function giveUp(status: ExitStatus): never {
  say('It does not end in order; giving up.');
  process.exit(status);
}
