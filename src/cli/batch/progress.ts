import ora, { type Ora } from 'ora';
import { count } from '../printable.ts';
import type { ByteSource } from './source.ts';
import type { Tally } from './tally.ts';

const WIDTH = 24;
/** Milliseconds between two looks at the numbers. */
const INTERVAL_MS = 100;

/** A progress bar on stderr where that is a terminal; nothing elsewhere. Other output goes above it. */
export class Progress {
  readonly #spinner: Ora | undefined;
  #nextAt = 0;

  constructor(enabled: boolean) {
    // A terminal without a width (one of `script`, of a container) sends ora 9.4 into an endless loop.
    if (!enabled || !process.stderr.isTTY || !process.stderr.columns) return;
    // Standard input is the records', and Ctrl-C the batch's own business.
    this.#spinner = ora({ text: 'Loading the plugin', discardStdin: false }).start();
  }

  update(tally: Tally, source: ByteSource): void {
    if (this.#spinner === undefined) return;
    const now = performance.now();
    if (now < this.#nextAt) return;
    this.#nextAt = now + INTERVAL_MS;
    this.#spinner.text = progressText(tally, source);
  }

  stop(): void {
    this.#spinner?.stop();
  }
}

/** `████████░░░░░░░░  33%  12,345 records  8,200 a second  3 failed`. */
export function progressText(tally: Pick<Tally, 'records' | 'troubled' | 'perSecond'>, source: ByteSource): string {
  const { records, troubled, perSecond } = tally;
  const { size, position } = source;
  const parts = [`${count(records)} records`, `${count(Math.round(perSecond))} a second`];
  if (size !== undefined && size > 0) {
    // The reader is ahead of the results, by at most a chunk and what is in flight.
    const done = Math.min(position / size, 1);
    const blocks = Math.floor(done * WIDTH);
    parts.unshift(
      `${'█'.repeat(blocks)}${'░'.repeat(WIDTH - blocks)} ${Math.floor(done * 100)
        .toString()
        .padStart(3)}%`,
    );
  }
  if (troubled > 0) parts.push(`${count(troubled)} without success`);
  return parts.join('  ');
}
