import { Histogram, type HistogramShape, SIZE, TIME } from './histogram.ts';

const HOST_CALLS = 0;
const CPU_MS = 1;
const PEAK_BYTES = 2;
const MADE = 3;
const ENDED = 4;
const INSTRUCTIONS = 5;
const COUNTERS = 8;

const DURATION_AT = COUNTERS;
const QUEUE_WAIT_AT = DURATION_AT + Histogram.words(TIME);
const BATCH_SIZE_AT = QUEUE_WAIT_AT + Histogram.words(TIME);
const WORDS = BATCH_SIZE_AT + Histogram.words(SIZE);

/**
 * What one worker has counted for one version of a plugin. It stands in shared memory: the worker counts without a
 * message, the main thread reads whenever it is asked, and what was counted outlives the worker.
 */
export class Tally {
  readonly buffer: SharedArrayBuffer;
  /** Milliseconds that requests took in the worker, the making of their instance included. */
  readonly duration: Histogram;
  /** Milliseconds from `process()` until a worker began the request. */
  readonly queueWait: Histogram;
  /** Requests of each batch. */
  readonly batchSize: Histogram;
  readonly #words: Float64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(WORDS * Float64Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#words = new Float64Array(buffer);
    const histogram = (shape: HistogramShape, at: number): Histogram =>
      new Histogram(shape, this.#words.subarray(at, at + Histogram.words(shape)));
    this.duration = histogram(TIME, DURATION_AT);
    this.queueWait = histogram(TIME, QUEUE_WAIT_AT);
    this.batchSize = histogram(SIZE, BATCH_SIZE_AT);
  }

  get hostCalls(): number {
    return this.#words[HOST_CALLS]!;
  }

  get cpuMs(): number {
    return this.#words[CPU_MS]!;
  }

  /** The most memory that one instance was seen with. */
  get peakBytes(): number {
    return this.#words[PEAK_BYTES]!;
  }

  get instancesMade(): number {
    return this.#words[MADE]!;
  }

  get liveInstances(): number {
    return this.#words[MADE]! - this.#words[ENDED]!;
  }

  get instructions(): number {
    return this.#words[INSTRUCTIONS]!;
  }

  calledHost(times: number): void {
    this.#words[HOST_CALLS]! += times;
  }

  ranInstructions(count: number): void {
    this.#words[INSTRUCTIONS]! += count;
  }

  usedCpu(milliseconds: number): void {
    this.#words[CPU_MS]! += milliseconds;
  }

  sawMemory(bytes: number): void {
    if (bytes > this.#words[PEAK_BYTES]!) this.#words[PEAK_BYTES] = bytes;
  }

  madeInstance(): void {
    this.#words[MADE]!++;
  }

  endedInstance(): void {
    this.#words[ENDED]!++;
  }

  /** The worker is gone, and every instance with it. */
  endedWorker(): void {
    this.#words[ENDED] = this.#words[MADE]!;
  }

  /** What another process has counted so far, in the place of what it had. */
  report(
    counters: Readonly<
      Record<'hostCalls' | 'cpuMs' | 'peakBytes' | 'instancesMade' | 'liveInstances' | 'instructions', number>
    >,
  ): void {
    const { hostCalls, cpuMs, peakBytes, instancesMade, liveInstances, instructions } = counters;
    this.#words[INSTRUCTIONS] = instructions;
    this.#words[HOST_CALLS] = hostCalls;
    this.#words[CPU_MS] = cpuMs;
    this.sawMemory(peakBytes);
    this.#words[MADE] = instancesMade;
    this.#words[ENDED] = instancesMade - liveInstances;
  }

  /** Adds what another has counted. */
  add(other: Tally): void {
    for (const counter of [HOST_CALLS, CPU_MS, MADE, ENDED, INSTRUCTIONS])
      this.#words[counter]! += other.#words[counter]!;
    this.sawMemory(other.peakBytes);
    this.duration.add(other.duration);
    this.queueWait.add(other.queueWait);
    this.batchSize.add(other.batchSize);
  }
}
