import { writeFile } from 'node:fs/promises';
import { invalidArgument } from '../arguments/arguments.ts';
import { readJsonObject } from '../arguments/json-file.ts';
import type { PluginResponse } from '../contract/values.ts';
import type { PluginEngine } from '../engine.ts';
import { fromWire, PluginError, toWire, type WireError } from '../errors.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import { type ProcessRequest, resolveInput, resolveRequestOptions } from '../request/request.ts';
import { cleanLogLine } from '../text/log-line.ts';

/**
 * What a program that only asks needs of an engine: a real one, one that records, and one that replays all have it.
 *
 * @example
 * const mask = async (engine: AnsweringEngine, input: string) => (await engine.process('redact', { input })).output;
 * await mask(await replayAnswers('test/answers.json'), 'mail ada@example.org');
 */
export type AnsweringEngine = Pick<PluginEngine, 'process' | 'close'>;

/** What became of one request. */
type Answer = { readonly response: PluginResponse } | { readonly error: WireError };

/** A request, and its answers in the order in which they came. */
interface Entry {
  readonly plugin: string;
  readonly version?: string;
  readonly input: string;
  readonly options: readonly (readonly [string, string])[];
  readonly answers: Answer[];
}

const KIND = {
  what: 'recording',
  example: '{"format": 1, "answers": […]}',
  hint: 'recordAnswers() writes one, from the answers of a real engine.',
};

/**
 * An engine that passes requests on to a real one and notes what they are answered, errors included. `close` closes the
 * real one too, then writes the file.
 *
 * @example
 * const engine = recordAnswers(await PluginEngine.create(), 'test/answers.json');
 *
 * @param path Where the recording goes: JSON, which a person can read and edit.
 */
export function recordAnswers(engine: PluginEngine, path: string): AnsweringEngine {
  const entries = new Map<string, Entry>();
  const note = (plugin: string, request: ProcessRequest, version: string | undefined, answer: Answer): void => {
    const entry = entryOf(plugin, request, version);
    const key = keyOf(entry);
    const known = entries.get(key);
    if (known === undefined) entries.set(key, { ...entry, answers: [answer] });
    else if (JSON.stringify(known.answers.at(-1)) !== JSON.stringify(answer)) known.answers.push(answer);
  };
  return {
    async process(plugin, request, options) {
      try {
        const response = await engine.process(plugin, request, options);
        note(plugin, request, options?.version, { response });
        return response;
      } catch (error) {
        // What the engine could not take as a request has no answer of a plugin.
        if (error instanceof PluginError && error.code !== 'ERR_INVALID_ARGUMENT') {
          note(plugin, request, options?.version, { error: toWire(error) });
        }
        throw error;
      }
    },
    async close(options) {
      await engine.close(options);
      const recording = { format: 1, answers: [...entries.values()] };
      await writeFile(path, `${JSON.stringify(recording, undefined, 2)}\n`);
    },
  };
}

/**
 * An engine that answers from a recording: no threads, no plugins, no time. A request that was answered differently each
 * time gets the answers in their order, and the last of them from then on.
 *
 * @example
 * const engine = await replayAnswers('test/answers.json');
 * const { output } = await engine.process('redact', { input: 'x' });
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for a file that is no recording; `process` rejects with it for a request
 * that was not recorded.
 */
export async function replayAnswers(path: string): Promise<AnsweringEngine> {
  const { format, answers } = await readJsonObject(path, KIND);
  if (format !== 1 || !Array.isArray(answers) || !answers.every(isEntry)) {
    throw invalidArgument('path', `a recording like \`${KIND.example}\``, path, KIND.hint);
  }
  const entries = new Map(answers.map((entry) => [keyOf(entry), { entry, next: 0 }]));
  let state: 'open' | 'closed' = 'open';
  return {
    async process(plugin: string, request: ProcessRequest, options?: ProcessOptions) {
      if (state === 'closed') throw new PluginError('ERR_ENGINE_CLOSED', 'The engine is closed');
      const found = entries.get(keyOf(entryOf(plugin, request, options?.version)));
      if (found === undefined) throw notRecorded(path, plugin, request);
      const recorded: Answer = found.entry.answers[found.next]!;
      if (found.next < found.entry.answers.length - 1) found.next++;
      if ('error' in recorded) throw fromWire(recorded.error);
      return { ...recorded.response };
    },
    async close() {
      state = 'closed';
    },
  };
}

function entryOf(plugin: string, request: ProcessRequest, version: string | undefined): Omit<Entry, 'answers'> {
  const input = resolveInput(request);
  const options = resolveRequestOptions(request.options);
  return { plugin, ...(version !== undefined && { version }), input, options };
}

function keyOf({ plugin, version, input, options }: Omit<Entry, 'answers'>): string {
  return JSON.stringify([plugin, version ?? null, input, options]);
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { plugin, input, options, answers } = value as Partial<Record<keyof Entry, unknown>>;
  const answered = (answer: unknown): boolean =>
    typeof answer === 'object' && answer !== null && ('response' in answer || 'error' in answer);
  return (
    typeof plugin === 'string' &&
    typeof input === 'string' &&
    Array.isArray(options) &&
    Array.isArray(answers) &&
    answers.length > 0 &&
    answers.every(answered)
  );
}

const SHOWN = 80;

function notRecorded(path: string, plugin: string, { input }: ProcessRequest): PluginError {
  const shown = cleanLogLine(input.length > SHOWN ? `${input.slice(0, SHOWN)}…` : input);
  return new PluginError(
    'ERR_INVALID_ARGUMENT',
    `The recording \`${cleanLogLine(path)}\` has no answer of \`${cleanLogLine(plugin)}\` to the input \`${shown}\` with these options`,
    { hint: 'Record it: run the test once with recordAnswers() around a real engine.' },
  );
}
