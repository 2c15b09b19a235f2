import { performance } from 'node:perf_hooks';
import ora, { type Ora } from 'ora';
import type { FileBatchProgress } from '../../batch/file/options.ts';
import { say } from '../output.ts';
import { count } from '../printable.ts';

const WIDTH = 24;
/** Milliseconds between two lines in a log. */
const LOG_INTERVAL_MS = 5000;
/** Characters of an id that are shown. */
const ID_LENGTH = 40;
/** Seconds without a record that is done after which that is said. */
const IDLE_SECONDS = 5;

/** What is shown of a batch. */
export type ShownProgress = Pick<
  FileBatchProgress,
  | 'read'
  | 'done'
  | 'refused'
  | 'failed'
  | 'recordsPerSecond'
  | 'plugins'
  | 'bytesRead'
  | 'bytesTotal'
  | 'resumed'
  | 'inFlight'
  | 'oldest'
>;

/** How far a batch is, on stderr: a bar where that is a terminal, and a line every few seconds where it is a log. */
export class Progress {
  readonly #spinner: Ora | undefined;
  readonly #logs: boolean;
  #loggedAt = performance.now();
  #last: ShownProgress | undefined;
  /** When the last record was done, as far as it was seen. */
  #doneAt = performance.now();

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
    const now = performance.now();
    if (progress.done !== this.#last?.done) this.#doneAt = now;
    this.#last = progress;
    const idle = (now - this.#doneAt) / 1000;
    if (this.#spinner !== undefined) this.#spinner.text = progressText(progress, idle);
    if (!this.#logs || now - this.#loggedAt < LOG_INTERVAL_MS) return;
    this.#loggedAt = now;
    say(logLine(progress, idle));
  }

  stop(): void {
    this.#spinner?.stop();
  }
}

/** `████████░░░░░░░░  33%  12,345 records  8,200 a second  3 without success  2m 03s left  redact 0.4 ms`. */
export function progressText(progress: ShownProgress, idle = 0): string {
  const done = share(progress);
  const parts = numbers(progress, idle);
  if (done !== undefined) {
    const blocks = Math.floor(done * WIDTH);
    parts.unshift(`${'█'.repeat(blocks)}${'░'.repeat(WIDTH - blocks)} ${percent(done).padStart(4)}`);
  }
  return parts.join('  ');
}

/** The same without the bar. */
export function logLine(progress: ShownProgress, idle = 0): string {
  const done = share(progress);
  return [...(done === undefined ? [] : [percent(done)]), ...numbers(progress, idle)].join(', ');
}

/** @param idle Seconds since a record was done. */
function numbers(progress: ShownProgress, idle: number): string[] {
  const { done, refused, failed, recordsPerSecond, plugins, inFlight, oldest } = progress;
  const left = secondsLeft(progress);
  return [
    `${count(done)} records`,
    `${count(Math.round(recordsPerSecond))} a second`,
    ...(refused + failed > 0 ? [`${count(refused + failed)} without success`] : []),
    ...(idle >= IDLE_SECONDS && inFlight > 0
      ? [`nothing done for ${duration(idle)}, ${count(inFlight)} in flight`, ...stuck(oldest)]
      : left === undefined
        ? []
        : [`${duration(left)} left`]),
    ...plugins
      .filter(({ latencyMs }) => latencyMs.p50 > 0)
      .map(({ plugin, latencyMs }) => `${plugin} ${milliseconds(latencyMs.p50)} ms`),
  ];
}

/** `redact has record 17 ("a7") for 12s`: what everything else may wait for. */
function stuck(oldest: ShownProgress['oldest']): string[] {
  if (oldest === undefined) return [];
  const { plugin, index, id, seconds } = oldest;
  const named = id === undefined ? '' : ` (${JSON.stringify(id.slice(0, ID_LENGTH))})`;
  return [`${plugin} has record ${count(index)}${named} for ${duration(seconds)}`];
}

/** The share of the input whose records are done: of those that were read, not all are. */
function share({ bytesRead, bytesTotal, read, resumed, done }: ShownProgress): number | undefined {
  if (bytesTotal === undefined || bytesTotal === 0) return undefined;
  const known = Math.max(read + resumed, done);
  return known === 0 ? 0 : Math.min(bytesRead / bytesTotal, 1) * (done / known);
}

/** `0.82`, `8.2`, `1,234`. */
function milliseconds(value: number): string {
  return value < 10 ? value.toPrecision(2) : count(Math.round(value));
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
