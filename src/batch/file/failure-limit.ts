import { invalidArgument } from '../../arguments/arguments.ts';
import { PluginError } from '../../errors.ts';
import { isCount } from '../journal/state.ts';
import { type FileRecord, placeOf } from './record.ts';
import { toShare } from './share.ts';
import type { Tally } from './tally.ts';

/**
 * Records without success that a batch may have: a number of them, or a share of those that are done.
 *
 * @example
 * const maxFailures: MaxFailures = '1%';
 * await engine.batchFiles({ plugin: 'redact', input: 'in.jsonl', output: 'out.jsonl', maxFailures });
 */
export type MaxFailures = number | `${number}%`;

/** A share says nothing before so many records are done. */
const TELLING = 1000;

/** How many records may be without success. */
export class FailureLimit {
  readonly #given: MaxFailures;
  readonly #count: number | undefined;
  readonly #share: number;

  private constructor(given: MaxFailures) {
    this.#given = given;
    this.#count = typeof given === 'number' ? given : undefined;
    this.#share = typeof given === 'number' ? 1 : toShare(given)!;
  }

  /** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
  static of(given: unknown): FailureLimit | undefined {
    if (given === undefined) return undefined;
    const isShare = typeof given === 'string' && toShare(given) !== undefined;
    if (!isShare && !isCount(given)) {
      throw invalidArgument('maxFailures', 'a whole number, or a share such as `5%`', given);
    }
    return new FailureLimit(given as MaxFailures);
  }

  /**
   * The error of a batch that has more; undefined while it has not.
   *
   * @param first What went wrong first, if that is known.
   * @param journal By which another run can go on, if there is one.
   */
  exceeded(
    tally: Pick<Tally, 'troubled' | 'records' | 'state'>,
    when: 'on the way' | 'at the end',
    first?: string,
    journal?: unknown,
  ): PluginError | undefined {
    const { troubled, records } = tally;
    if (this.#count !== undefined ? troubled <= this.#count : troubled <= this.#share * records) return undefined;
    if (this.#count === undefined && when === 'on the way' && records < TELLING) return undefined;
    const { refused, errors } = tally.state;
    const kinds = [...Object.entries(errors), ...(refused > 0 ? [['refused by the plugin', refused] as const] : [])];
    const most = kinds.map(([kind, count]) => `${count} ${kind}`).join(', ');
    const found = `${troubled} of ${records} records are without success (${most})${first === undefined ? '' : `; the first: ${first}`}`;
    return new PluginError('ERR_BATCH_FAILURES', `${found}; ${this.#given} may be`, {
      hint:
        journal === undefined
          ? 'Look at what is wrong, and run it again.'
          : 'What is done stays. Look at its errors; a run with `resume` and a higher `maxFailures` goes on.',
    });
  }
}

/** Ends the reading of a batch that has more records without success than it may have. */
export class FailureWatch {
  readonly #limit: FailureLimit | undefined;
  readonly #journal: unknown;
  readonly #controller = new AbortController();
  #first: string | undefined;
  #error: PluginError | undefined;

  constructor(limit: FailureLimit | undefined, journal?: unknown) {
    this.#limit = limit;
    this.#journal = journal;
  }

  /** The signal that ends the reading where this has to, or somebody else. */
  joined(interrupt: AbortSignal | undefined): AbortSignal | undefined {
    if (this.#limit === undefined || interrupt === undefined) {
      return this.#limit === undefined ? interrupt : this.#controller.signal;
    }
    return AbortSignal.any([interrupt, this.#controller.signal]);
  }

  /** Hears what was wrong with a record. */
  heard({ line, file }: Pick<FileRecord, 'line' | 'file'>, reason: string): void {
    const place = file === undefined ? `line ${line}` : placeOf({ line, file });
    this.#first ??= `${place} is malformed: ${reason}`;
  }

  /** Looks at what was counted. */
  look(tally: Tally, when: 'on the way' | 'at the end' = 'on the way'): void {
    this.#error ??= this.#limit?.exceeded(tally, when, this.#first, this.#journal);
    if (this.#error !== undefined) this.#controller.abort(this.#error);
  }

  /** @throws {PluginError} `ERR_BATCH_FAILURES`. */
  assertFew(): void {
    if (this.#error !== undefined) throw this.#error;
  }
}
