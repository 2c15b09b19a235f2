import { parentPort } from 'node:worker_threads';
import type { PluginDefinition } from '../../../src/artifact/definition.ts';
import { NOTHING } from '../../../src/component/holding.ts';
import type { PluginResponse, Utterance } from '../../../src/contract/values.ts';
import { describe, PluginError } from '../../../src/errors.ts';
import { ControlPage } from '../../../src/instrumentation/control-page.ts';
import { ThreadStatus } from '../../../src/pool/thread-status.ts';
import { Residents } from '../../../workers/residents.ts';
import type { Verdict } from './protocol.ts';

/*
 * Runs mutants that were accepted, as a plugin worker does, and looks whether the host is still as it was.
 */

const STACK_BYTES = 1024 * 1024;
const INPUTS = ['hello', 'log x', 'count', 'preopens\nenvironment\nstdout x\ntimer 1'];

let problems: string[] = [];
let said = 0;

process.stdout.write = process.stderr.write = (text): boolean => {
  problems.push(`it wrote to the output of the process: ${String(text).slice(0, 100)}`);
  return true;
};
process.on('unhandledRejection', (error) => problems.push(`a rejection went unhandled: ${describe(error)}`));

/** What a plugin could reach if its names or values were taken for the host's own. */
const HOST = { globalThis, Object, Array, Function, String, Map, Promise, Uint8Array, WebAssembly, Error, process };
/** What V8 itself adds to `WebAssembly` while a realm runs its first modules, in Node 22. */
const LATE = new Set<unknown>(['promising', 'Suspending', 'SuspendError']);
const surroundings = (): string =>
  Object.entries(HOST)
    .map(([name, value]) => {
      const prototype: unknown = 'prototype' in value ? value.prototype : undefined;
      const own =
        prototype instanceof Object || typeof prototype === 'object' ? Reflect.ownKeys(prototype as object) : [];
      const keys = [...Reflect.ownKeys(value), ...own].filter((key) => !LATE.has(key));
      return `${name}: ${keys.map(String).join(' ')}`;
    })
    .join('\n');

function say(utterance: Utterance): boolean {
  if (utterance.kind === 'tape') return true;
  const line = utterance.kind === 'log' ? utterance.message : utterance.type;
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(line)) problems.push(`it forged a line: ${JSON.stringify(line.slice(0, 100))}`);
  said += Buffer.byteLength(line) + (utterance.kind === 'log' ? 0 : Buffer.byteLength(utterance.payload));
  return true;
}

function check(response: PluginResponse): void {
  const { output, success, errorMessage } = response;
  const isShaped =
    typeof output === 'string' &&
    typeof success === 'boolean' &&
    (errorMessage === undefined || typeof errorMessage === 'string');
  if (!isShaped || !output.isWellFormed()) problems.push(`it answered with ${JSON.stringify(response).slice(0, 200)}`);
}

function run(definition: PluginDefinition): string {
  const residents = new Residents(new ThreadStatus(), new ControlPage(), say, {
    stackBytes: STACK_BYTES,
    dropped: NOTHING,
  });
  residents.define(1, definition);
  let outcome = 'answered';
  const attempt = (call: () => void): void => {
    said = 0;
    try {
      call();
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      outcome = error.code;
      if (error.code === 'ERR_WORKER_CRASHED') problems.push(`the host failed: ${error.message}`);
    }
    // A call may be instantiation, initialize and the function itself, each with a budget of its own.
    if (said > 3 * definition.policy.maxLogBytes) problems.push(`it said ${said} bytes`);
    if (residents.holds(1).bytes > definition.policy.maxMemoryBytes) {
      problems.push(`it holds ${residents.holds(1).bytes} bytes of memory`);
    }
  };
  attempt(() => residents.call(1, 'get-metadata', (instance) => instance.metadata()));
  for (const input of INPUTS) {
    attempt(() => check(residents.call(1, 'process', (instance) => instance.process(input, [['key', 'value']]))));
  }
  attempt(() => residents.retire(1));
  return outcome;
}

const before = surroundings();

parentPort?.on('message', ({ index, definition }: { index: number; definition: PluginDefinition }) => {
  problems = [];
  let outcome: string;
  try {
    outcome = run(definition);
  } catch (error) {
    outcome = 'threw';
    problems.push(`the host threw ${describe(error)}`);
  }
  if (surroundings() !== before) problems.push('it changed an object of the host');
  const [problem] = problems;
  parentPort?.postMessage({ index, outcome, ...(problem !== undefined && { problem }) } satisfies Verdict);
});
