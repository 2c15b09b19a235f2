import { cleanLogLine } from '../../text/log-line.ts';
import type { Done } from './result-line.ts';

/**
 * Records without success for one reason.
 *
 * @example
 * const { reasons = [] } = await engine.batchFiles({ plugin: 'redact', input: 'in.jsonl', output: '-', dryRun: true });
 * const show = ({ reason, count }: FailureReason) => console.log(reason, count);
 * reasons.forEach(show);
 */
export interface FailureReason {
  /** Of the engine; undefined for what the plugin answered with `success: false`. */
  readonly code: string | undefined;
  /** What was said of the first one. */
  readonly reason: string;
  readonly count: number;
  /** The line and the index of the first one, and its file where there are several inputs. */
  readonly file?: string;
  readonly line: number;
  readonly index: number;
}

/** Reasons that are told apart; whatever comes after them is counted as one. */
const MOST = 50;
/** Characters of a reason that are kept. */
const LENGTH = 200;

/** Puts records without success together by what went wrong, numbers and quoted texts left out of account. */
export class Reasons {
  readonly #found = new Map<string, { -readonly [Name in keyof FailureReason]: FailureReason[Name] }>();

  add({ record, response, error }: Done): void {
    if (response?.success) return;
    const said = record.malformed ?? error?.message ?? response?.errorMessage ?? 'the plugin gave no reason';
    const reason = cleanLogLine(said.slice(0, LENGTH));
    const code = error?.code;
    const key = this.#found.size < MOST ? `${code} ${alike(reason)}` : 'others';
    const found = this.#found.get(key) ?? this.#found.get(`${code} ${alike(reason)}`);
    if (found !== undefined) found.count++;
    else {
      const { file, line, index } = record;
      const first = { ...(file !== undefined && { file }), line, index };
      this.#found.set(key, { code, reason: key === 'others' ? 'other reasons' : reason, count: 1, ...first });
    }
  }

  /** Those that most records have first. */
  get list(): readonly FailureReason[] {
    return [...this.#found.values()].sort((a, b) => b.count - a.count);
  }
}

function alike(reason: string): string {
  // What JSON.parse says quotes the text and counts columns.
  const kind = /^it is not JSON/.exec(reason)?.[0] ?? reason;
  return kind.replaceAll(/"[^"]*"|'[^']*'/g, '"…"').replaceAll(/\d+/g, '0');
}
