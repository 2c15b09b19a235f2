import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { runBatch } from '../batch/batch.ts';
import type { Submit } from '../batch/submit.ts';
import type { PluginResponse } from '../contract/values.ts';
import type { PluginEngine } from '../engine.ts';
import { fromWire, PluginError, toWire } from '../errors.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import { type ProcessRequest, resolveInput, resolveRequestOptions } from '../request/request.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { fromPlain, toPlain } from './plain.ts';
import { type Answer, type Question, Recording } from './recording.ts';

/**
 * What a program that only asks needs of an engine: a real one, one that records, and one that replays all have it.
 *
 * @example
 * const mask = async (engine: AnsweringEngine, input: string) => (await engine.process('redact', { input })).output;
 * await mask(await replayAnswers('test/answers.json'), 'mail ada@example.org');
 */
export interface AnsweringEngine extends Pick<PluginEngine, 'call' | 'batch' | 'close'> {
  /** As of the engine, for requests that are texts. */
  process(plugin: string, request: ProcessRequest, options?: ProcessOptions): Promise<PluginResponse>;
}

/** Finds the answer to a question, or has a real engine give it. Rejects where that rejects. */
type Ask = (question: Question, give: (engine: PluginEngine) => Promise<Answer>) => Promise<Answer>;

/**
 * An engine that passes requests, calls and the records of batches on to a real one and notes what they are answered, errors
 * included. `close` closes the real one too, then writes the file.
 *
 * @example
 * const engine = recordAnswers(await PluginEngine.create(), 'test/answers.json');
 *
 * @param path Where the recording goes: JSON, which a person can read and edit.
 */
export function recordAnswers(engine: PluginEngine, path: string): AnsweringEngine {
  const recording = new Recording();
  return answering(
    (question, give) => noted(recording, question, give(engine)),
    async (options) => {
      await engine.close(options);
      await writeFile(path, recording.toString());
    },
  );
}

/**
 * An engine that answers from a recording: no threads, no plugins, no time. What was answered differently each time gets the
 * answers in their order, and the last of them from then on.
 *
 * @example
 * const engine = await replayAnswers('test/answers.json');
 * const { output } = await engine.process('redact', { input: 'x' });
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for a file that is no recording; `process` and `call` reject with it for what
 * was not recorded.
 */
export async function replayAnswers(path: string): Promise<AnsweringEngine> {
  const recording = await Recording.read(path);
  return answering(
    async (question) => {
      const answer = recording.take(question);
      if (answer === undefined) throw notRecorded(path, question);
      return answer;
    },
    async () => {},
  );
}

/**
 * An engine that answers from a recording what is in it, and has a real one answer and notes what is not. `close` writes the
 * file if something was added.
 *
 * @example
 * const engine = await updateAnswers('test/answers.json', async () => {
 *   const real = await PluginEngine.create();
 *   await real.loadPlugin('redact', 'build/redact.wasm');
 *   return real;
 * });
 *
 * @param path Of the recording; there need not be one yet.
 * @param open Makes the real engine, the first time that something is missing.
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for a file that is no recording.
 */
export async function updateAnswers(path: string, open: () => Promise<PluginEngine>): Promise<AnsweringEngine> {
  const recording = existsSync(path) ? await Recording.read(path) : new Recording();
  let real: Promise<PluginEngine> | undefined;
  return answering(
    async (question, give) => {
      const answer = recording.take(question);
      if (answer !== undefined) return answer;
      real ??= open();
      return noted(recording, question, give(await real));
    },
    async (options) => {
      if (real === undefined) return;
      await (await real).close(options);
      await writeFile(path, recording.toString());
    },
  );
}

/** What the engine could not take as a request has no answer of a plugin. */
async function noted(recording: Recording, question: Question, given: Promise<Answer>): Promise<Answer> {
  try {
    const answer = await given;
    recording.add(question, answer);
    return answer;
  } catch (error) {
    if (error instanceof PluginError && error.code !== 'ERR_INVALID_ARGUMENT') {
      recording.add(question, { error: toWire(error) });
    }
    throw error;
  }
}

function answering(ask: Ask, close: PluginEngine['close']): AnsweringEngine {
  let state: 'open' | 'closed' = 'open';
  const answerTo: Ask = async (question, give) => {
    if (state === 'closed') throw new PluginError('ERR_ENGINE_CLOSED', 'The engine is closed');
    const answer = await ask(question, give);
    if ('error' in answer) throw fromWire(answer.error);
    return answer;
  };
  const process: AnsweringEngine['process'] = async (plugin, request, options) => {
    const answer = await answerTo(requestOf(plugin, request, options), async (engine) => ({
      response: await engine.process(plugin, request, options),
    }));
    return { ...(answer as Extract<Answer, { response: object }>).response };
  };
  const call = async (plugin: string, path: string, args: readonly unknown[], options?: ProcessOptions) => {
    const answer = await answerTo({ ...named(plugin, options), call: path, args: toPlain(args) }, async (engine) => {
      const returned = await (engine.call as (...given: unknown[]) => Promise<unknown>)(plugin, path, args, options);
      return { returned: toPlain(returned) };
    });
    return fromPlain((answer as Extract<Answer, { returned: unknown }>).returned);
  };
  return {
    process,
    call: call as PluginEngine['call'],
    batch: (source, options = {}) => runBatch(source, options, submitBy(process)),
    async close(options) {
      if (state === 'closed') return;
      state = 'closed';
      await close(options);
    },
  };
}

/** Each record of a batch is a request, and is recorded as one. */
function submitBy(process: AnsweringEngine['process']): Submit {
  return (plugin, request, options, listener) => {
    const controller = new AbortController();
    process(plugin, request, { ...options, signal: controller.signal }).then(
      (response) => listener.resolve(response),
      (error) => listener.reject(error),
    );
    return { aborted: ({ reason }) => controller.abort(reason) };
  };
}

function named(plugin: string, options?: ProcessOptions): { readonly plugin: string; readonly version?: string } {
  return { plugin, ...(options?.version !== undefined && { version: options.version }) };
}

function requestOf(plugin: string, request: ProcessRequest, options?: ProcessOptions): Question {
  const input = resolveInput(request);
  return { ...named(plugin, options), input, options: resolveRequestOptions(request.options) };
}

const SHOWN = 80;

function notRecorded(path: string, question: Question): PluginError {
  const cut = (text: string): string => cleanLogLine(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
  const asked =
    'call' in question
      ? `the call of \`${cut(question.call)}\` with \`${cut(JSON.stringify(question.args))}\``
      : `the input \`${cut(question.input)}\` with these options`;
  return new PluginError(
    'ERR_INVALID_ARGUMENT',
    `The recording \`${cleanLogLine(path)}\` has no answer of \`${cleanLogLine(question.plugin)}\` to ${asked}`,
    { hint: 'Record it: run the test once with recordAnswers() or updateAnswers() and a real engine.' },
  );
}
