import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { knownKeys, MAX_TIMER_MS, wholeNumber } from '../arguments/arguments.ts';
import { PluginError } from '../errors.ts';
import { type Ask, type Check, checkFailed, runCheck } from './check.ts';

/**
 * How a health check is made.
 *
 * @example
 * const options: HealthCheckOptions = { deadlineMs: 200 };
 * await engine.healthCheck(options);
 */
export interface HealthCheckOptions {
  /** Milliseconds that each plugin has for its answer, beside the limits of its policy. @default 5000 */
  readonly deadlineMs?: number;
}

/**
 * Whether a plugin is well.
 *
 * @example
 * const isIll = ({ status }: PluginHealth) => status === 'unhealthy';
 * for (const { plugin, error } of (await engine.healthCheck()).filter(isIll)) console.error(plugin, error?.message);
 */
export interface PluginHealth {
  readonly plugin: string;
  readonly version: string;
  readonly status: 'healthy' | 'unhealthy';
  /** Milliseconds that the check took, time in the queue included. */
  readonly latencyMs: number;
  /** Why it is not well. */
  readonly error?: PluginError;
}

/** What plugins are asked that have no check of their own. */
export const PING = 'health-check-ping';

/** A plugin that is asked. */
export interface Patient {
  readonly plugin: string;
  readonly version: string;
  readonly check: Check | undefined;
  readonly ask: Ask;
}

/** Checks the options; gives the deadline. */
export function resolveHealthCheck(options: HealthCheckOptions): number {
  knownKeys('options', options, ['deadlineMs']);
  return wholeNumber('deadlineMs', options.deadlineMs, { min: 1, max: MAX_TIMER_MS, default: 5000 });
}

/** Asks one plugin; never rejects. */
export async function examine({ plugin, version, check, ask }: Patient, deadlineMs: number): Promise<PluginHealth> {
  const begun = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    const limit = { name: 'deadlineMs', value: deadlineMs };
    const error = new PluginError('ERR_DEADLINE', `The health check took longer than ${deadlineMs} ms`, { limit });
    // After the deadline of its request, which knows more.
    timer = setTimeout(reject, deadlineMs + 100, error);
  });
  let error: PluginError | undefined;
  try {
    // `success: false` is an answer to the ping, which few plugins can make sense of. A check of its own knows better.
    await Promise.race([check === undefined ? ask({ input: PING }) : runCheck(check, ask), overdue]);
  } catch (cause) {
    error = cause instanceof PluginError ? cause : checkFailed('health check', cause);
  } finally {
    clearTimeout(timer);
  }
  const latencyMs = performance.now() - begun;
  if (error === undefined) return { plugin, version, status: 'healthy', latencyMs };
  return { plugin, version, status: 'unhealthy', latencyMs, error: error.with({ plugin, version }) };
}
