import ora, { type Ora } from 'ora';
import type { FileBatchProgress } from '../../batch/file/options.ts';
import { say } from '../output.ts';
import { count } from '../printable.ts';

const WIDTH = 24;
/** Milliseconds between two lines in a log. */
const LOG_INTERVAL_MS = 5000;

/** What is shown of a batch. */
export type ShownProgress = Pick<
  FileBatchProgress,
  'done' | 'refused' | 'failed' | 'recordsPerSecond' | 'plugins' | 'bytesRead' | 'bytesTotal' | 'resumed' | 'inFlight'
>;

/** How far a batch is, on stderr: a bar where that is a terminal, and a line every few seconds where it is a log. */
export class Progress {
  readonly #spinner: Ora | undefined;
  readonly #logs: boolean;
  #loggedAt = performance.now();
  #last: ShownProgress | undefined;

  constructor(enabled: boolean) {
    this.#logs = enabled && !process.stderr.isTTY;
    // A terminal without a width (one of `script`, of a container) sends ora 9.4 into an endless loop.
    if (!enabled || !process.stderr.isTTY || !process.stderr.columns) return;
    // Standard input is the records', and Ctrl-C the batch's own business.
    this.#spinner = ora({ text: 'Loading the plugin', discardStdin: false }).start();
  }

  /** Records in flight when it was last heard of. */
  get inFlight(): number {
    return this.#last?.inFlight ?? 0;
  }

  update(progress: ShownProgress): void {
    this.#last = progress;
    if (this.#spinner !== undefined) this.#spinner.text = progressText(progress);
    const now = performance.now();
    if (!this.#logs || now - this.#loggedAt < LOG_INTERVAL_MS) return;
    this.#loggedAt = now;
    say(logLine(progress));
  }

  stop(): void {
    this.#spinner?.stop();
  }
}

/** `████████░░░░░░░░  33%  12,345 records  8,200 a second  3 without success  2m 03s left  redact 0.4 ms`. */
export function progressText(progress: ShownProgress): string {
  const done = share(progress);
  const parts = numbers(progress);
  if (done !== undefined) {
    const blocks = Math.floor(done * WIDTH);
    parts.unshift(`${'█'.repeat(blocks)}${'░'.repeat(WIDTH - blocks)} ${percent(done).padStart(4)}`);
  }
  return parts.join('  ');
}

/** The same without the bar. */
export function logLine(progress: ShownProgress): string {
  const done = share(progress);
  return [...(done === undefined ? [] : [percent(done)]), ...numbers(progress)].join(', ');
}

function numbers(progress: ShownProgress): string[] {
  const { done, refused, failed, recordsPerSecond, plugins } = progress;
  const left = secondsLeft(progress);
  return [
    `${count(done)} records`,
    `${count(Math.round(recordsPerSecond))} a second`,
    ...(refused + failed > 0 ? [`${count(refused + failed)} without success`] : []),
    ...(left === undefined ? [] : [`${duration(left)} left`]),
    ...plugins
      .filter(({ latencyMs }) => latencyMs.p50 > 0)
      .map(({ plugin, latencyMs }) => `${plugin} ${latencyMs.p50.toPrecision(2)} ms`),
  ];
}

/** The share of the input that was read. The reader is ahead of the results, by at most a chunk and what is in flight. */
function share({ bytesRead, bytesTotal }: ShownProgress): number | undefined {
  return bytesTotal === undefined || bytesTotal === 0 ? undefined : Math.min(bytesRead / bytesTotal, 1);
}

function percent(share: number): string {
  return `${Math.floor(share * 100)}%`;
}

/** At the pace of this run; an earlier run's part of the file is passed over in no time. */
function secondsLeft(progress: ShownProgress): number | undefined {
  const done = share(progress);
  const { done: records, recordsPerSecond, resumed } = progress;
  if (done === undefined || done === 0 || records === resumed || recordsPerSecond === 0) return undefined;
  return (records / done - records) / recordsPerSecond;
}

/** `7s`, `2m 03s`, `1h 02m`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  return `${count(Math.floor(whole / 3600))}h ${two(Math.floor((whole % 3600) / 60))}m`;
}
