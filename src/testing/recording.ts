import { invalidArgument } from '../arguments/arguments.ts';
import { readJsonObject } from '../arguments/json-file.ts';
import type { PluginResponse } from '../contract/values.ts';
import type { WireError } from '../errors.ts';
import type { Plain } from './plain.ts';

/** What became of one request or call. */
export type Answer =
  | { readonly response: PluginResponse }
  | { readonly returned: Plain }
  | { readonly error: WireError };

/** What was asked: a request with its input and options, or a call of a function with its arguments. */
export type Question = { readonly plugin: string; readonly version?: string } & (
  | { readonly input: string; readonly options: readonly (readonly [string, string])[] }
  | { readonly call: string; readonly args: Plain }
);

/** A question, and its answers in the order in which they came. */
type Entry = Question & { readonly answers: Answer[] };

const KIND = {
  what: 'recording',
  example: '{"format": 1, "answers": […]}',
  hint: 'recordAnswers() writes one, from the answers of a real engine.',
};

/** Questions and their answers, as they stand in a file. */
export class Recording {
  readonly #entries = new Map<string, Entry>();
  /** Which answer of a question comes next. */
  readonly #next = new Map<string, number>();

  /** @throws {PluginError} `ERR_INVALID_ARGUMENT` for a file that is no recording. */
  static async read(path: string): Promise<Recording> {
    const { format, answers } = await readJsonObject(path, KIND);
    if (format !== 1 || !Array.isArray(answers) || !answers.every(isEntry)) {
      throw invalidArgument('path', `a recording like \`${KIND.example}\``, path, KIND.hint);
    }
    const recording = new Recording();
    for (const entry of answers) recording.#entries.set(keyOf(entry), entry);
    return recording;
  }

  /** Once more what was answered last is not noted: it is what replaying goes on with. */
  add(question: Question, answer: Answer): void {
    const key = keyOf(question);
    const known = this.#entries.get(key);
    if (known === undefined) this.#entries.set(key, { ...question, answers: [answer] });
    else if (JSON.stringify(known.answers.at(-1)) !== JSON.stringify(answer)) known.answers.push(answer);
  }

  /** The next answer to a question, or the last one again; undefined where it was never asked. */
  take(question: Question): Answer | undefined {
    const key = keyOf(question);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const next = this.#next.get(key) ?? 0;
    if (next < entry.answers.length - 1) this.#next.set(key, next + 1);
    return entry.answers[next];
  }

  toString(): string {
    return `${JSON.stringify({ format: 1, answers: [...this.#entries.values()] }, undefined, 2)}\n`;
  }
}

function keyOf(question: Question): string {
  const { plugin, version = null } = question;
  return JSON.stringify(
    'call' in question
      ? [plugin, version, 'call', question.call, question.args]
      : [plugin, version, question.input, question.options],
  );
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { plugin, input, options, call, args, answers } = value as Readonly<Record<string, unknown>>;
  const kinds = call === undefined ? ['response', 'error'] : ['returned', 'error'];
  const answered = (answer: unknown): boolean =>
    typeof answer === 'object' && answer !== null && kinds.some((kind) => kind in answer);
  return (
    typeof plugin === 'string' &&
    (call === undefined
      ? typeof input === 'string' && Array.isArray(options)
      : typeof call === 'string' && Array.isArray(args)) &&
    Array.isArray(answers) &&
    answers.length > 0 &&
    answers.every(answered)
  );
}
