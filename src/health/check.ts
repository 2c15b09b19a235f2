import { clearTimeout, setTimeout } from 'node:timers';
import { invalidArgument, knownKeys } from '../arguments/arguments.ts';
import type { PluginResponse } from '../contract/values.ts';
import { describe, PluginError } from '../errors.ts';
import { type ProcessRequest, resolveInput, resolveRequestOptions } from '../request/request.ts';
import { isError } from '../text/is-error.ts';
import { cleanLogLine } from '../text/log-line.ts';

/**
 * What an answer has to be. Fields that are left out may be anything, except for `success`.
 *
 * @example
 * const expect: Expectation = { output: '***@*******.***' };
 * await engine.loadPlugin('redact', 'redact.wasm', { selfTest: { input: 'ada@example.org', expect } });
 */
export interface Expectation {
  readonly output?: string;
  /** @default true */
  readonly success?: boolean;
  readonly errorMessage?: string;
}

/**
 * A request whose answer shows whether a plugin works.
 *
 * @example
 * const selfTest: CheckRequest = { input: 'ada@example.org', expect: { output: '***@*******.***' } };
 * await engine.loadPlugin('redact', 'redact.wasm', { selfTest });
 */
export interface CheckRequest extends ProcessRequest {
  /** @default any answer with `success: true` */
  readonly expect?: Expectation;
}

/**
 * Asks the plugin that is checked.
 *
 * @example
 * const isWell = async (ask: Ask) => (await ask({ input: 'ada@example.org' })).success;
 * await engine.loadPlugin('redact', 'redact.wasm', { healthCheck: isWell });
 */
export type Ask = (request: ProcessRequest) => Promise<PluginResponse>;

/**
 * A request with what it should be answered, or a function that asks and throws, or gives `false`, if it is not well.
 *
 * @example
 * const healthCheck: Check = async (ask) => (await ask({ input: 'ada@example.org' })).success;
 * await engine.loadPlugin('redact', 'redact.wasm', { healthCheck });
 */
export type Check = CheckRequest | ((ask: Ask) => unknown);

/** Characters of an unexpected answer that an error shows. */
const SHOWN = 80;

/**
 * Checks what a caller wrote as a check.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function resolveCheck(name: string, check: Check | undefined): Check | undefined {
  if (check === undefined || typeof check === 'function') return check;
  const { expect } = knownKeys(name, check, ['input', 'options', 'expect']);
  resolveInput(check);
  resolveRequestOptions(check.options);
  if (expect !== undefined) {
    const { output, success, errorMessage } = knownKeys(`${name}.expect`, expect, [
      'output',
      'success',
      'errorMessage',
    ]);
    if (success !== undefined && typeof success !== 'boolean')
      throw invalidArgument(`${name}.expect.success`, 'true or false', success);
    for (const [key, value] of Object.entries({ output, errorMessage })) {
      if (value !== undefined && typeof value !== 'string')
        throw invalidArgument(`${name}.expect.${key}`, 'a string', value);
    }
  }
  return check;
}

/** Runs a check; resolves when the plugin is well, and rejects with what is wrong with it. */
export async function runCheck(check: Check, ask: Ask): Promise<void> {
  if (typeof check === 'function') {
    if ((await check(ask)) === false) throw new Error('the check gave `false`');
    return;
  }
  const { expect = {}, ...request } = check;
  const response = await ask(request);
  const expected = Object.entries({ success: true, ...expect });
  for (const [field, value] of expected as [keyof PluginResponse, unknown][]) {
    if (response[field] !== value) throw new Error(difference(field, value, response));
  }
}

function difference(field: string, expected: unknown, response: PluginResponse): string {
  const { [field as keyof PluginResponse]: got, errorMessage } = response;
  const said = field === 'success' && errorMessage !== undefined ? `: ${show(errorMessage)}` : '';
  return `expected \`${field}\` to be ${show(expected)}, got ${show(got)}${said}`;
}

/** A plugin chose it: one short line. */
function show(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  const line = cleanLogLine(value.slice(0, SHOWN));
  return `"${line}${value.length > SHOWN ? '…' : ''}"`;
}

/**
 * Holds a version to its self-test before it serves anybody.
 *
 * @param withinMs How long the whole test may take.
 * @throws {PluginError} `ERR_CHECK_FAILED` with what was wrong as its cause.
 */
export async function runSelfTest(check: Check, ask: Ask, withinMs: number): Promise<void> {
  let state: 'running' | 'over' = 'running';
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${withinMs} ms`)), withinMs);
  });
  // What a test asks after its end would go to a version that may be gone.
  const whileRunning: Ask = (request) =>
    state === 'running' ? ask(request) : Promise.reject(new PluginError('ERR_ABORTED', 'The self-test is over'));
  try {
    await Promise.race([runCheck(check, whileRunning), tooLong]);
  } catch (error) {
    throw checkFailed('self-test', error, 'The version that was there before, if any, is still in place.');
  } finally {
    state = 'over';
    clearTimeout(timer);
  }
}

/** `ERR_CHECK_FAILED` with what was wrong. */
export function checkFailed(what: 'self-test' | 'health check', cause: unknown, hint?: string): PluginError {
  const code = cause instanceof PluginError ? `${cause.code}: ` : '';
  const why = code + (isError(cause) ? cause.message : describe(cause));
  return new PluginError('ERR_CHECK_FAILED', `The plugin did not pass its ${what}: ${cleanLogLine(why)}`, {
    hint,
    cause,
  });
}
