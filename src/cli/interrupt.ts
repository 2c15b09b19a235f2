import { PluginError } from '../errors.ts';
import { type ExitStatus, explain, Failure } from './failure.ts';

const STATUS = { SIGINT: 130, SIGTERM: 143 } as const satisfies Partial<Record<NodeJS.Signals, ExitStatus>>;

/** The user's wish to stop. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit status of a program that was stopped, or undefined while it was not. */
  readonly status: ExitStatus | undefined;
}

/**
 * Runs something that can be interrupted: the first SIGINT or SIGTERM aborts the signal, so that it can end in order;
 * the second one exits at once.
 */
export async function interruptible<Result>(run: (interrupt: Interrupt) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  let status: ExitStatus | undefined;
  const onSignal = (name: keyof typeof STATUS): void => {
    if (status !== undefined) process.exit(STATUS[name]);
    status = STATUS[name];
    controller.abort();
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
    for (const name of names) process.off(name, onSignal);
  }
}
