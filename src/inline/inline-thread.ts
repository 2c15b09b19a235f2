import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers';
import { type Holding, NOTHING } from '../component/holding.ts';
import { PluginError } from '../errors.ts';
import { sleep } from '../host/sleep.ts';
import { ControlPage } from '../instrumentation/control-page.ts';
import { collectGarbage } from '../thread/collect-garbage.ts';

/**
 * Milliseconds of CPU time after which no host function is begun for a call. Instructions are bounded by themselves; a
 * guest could spend all of them on having the host copy something large.
 */
const HOST_CPU_MS = 10;
/** What instances may leave behind here before it is collected. */
const MAX_DROPPED: Holding = { bytes: 32 * 1024 * 1024, memories: 64 };

/** For so many times as long as collecting took it is not done again: the heap is the whole program's, and may be large. */
const REST = 50;

/**
 * This thread, as one on which guests run. They run one after the other, whichever engine they belong to: what a host
 * function asks of a plugin while one runs is for a worker, so that no guest ever runs on top of another one.
 */
export class InlineThread {
  /** Its checks look at fuel alone: nobody could interrupt it from this thread. */
  readonly control: ControlPage = new ControlPage();
  /** Whether a guest runs now. */
  isRunning = false;
  #begunAt = 0;
  /** When the thread had used so much CPU that a call which is late has had its share. */
  #cpuEnd: number | undefined;
  #dropped = NOTHING;
  #cleaning: NodeJS.Immediate | undefined;
  #cleanFrom = 0;
  readonly #collected = new FinalizationRegistry<number>((bytes) => this.#drop(-bytes, -1));

  constructor() {
    sleep.refuse(() => {
      if (!this.isRunning) return undefined;
      return new PluginError('ERR_WALL_TIME_LIMIT', "The plugin would wait, and it runs on its caller's thread", {
        limit: { name: 'wallTimeLimitMs', value: 0 },
        hint: "Load it without `placement: 'inline'`; workers have the `wallTimeLimitMs` of its policy.",
      });
    });
  }

  /** A guest is entered, at a time of `performance.now()`. */
  enter(now: number): void {
    this.isRunning = true;
    this.#begunAt = now;
    this.#cpuEnd = undefined;
  }

  leave(): void {
    this.isRunning = false;
  }

  /**
   * Comes before each host function.
   *
   * @throws {PluginError} `ERR_CPU_TIME_LIMIT`.
   */
  hostCall(): void {
    if (performance.now() - this.#begunAt < HOST_CPU_MS) return;
    // It may have been the machine that took so long: from here on it is CPU time that counts.
    const used = cpuMs();
    this.#cpuEnd ??= used + HOST_CPU_MS;
    if (used < this.#cpuEnd) return;
    const limit = { name: 'cpuTimeLimitMs', value: HOST_CPU_MS };
    throw new PluginError(
      'ERR_CPU_TIME_LIMIT',
      `The plugin kept the host busy for more than ${limit.value} ms in one call on its caller's thread`,
      { limit, hint: "Load it without `placement: 'inline'`; workers have the `cpuTimeLimitMs` of its policy." },
    );
  }

  /** A memory has lost its owner. */
  readonly dropped = (bytes: number, memory?: object): void => {
    this.#drop(bytes, 1);
    if (memory !== undefined) this.#collected.register(memory, bytes);
  };

  /** Whether too much is left lying: then workers have the requests until it is collected. */
  get isLittered(): boolean {
    return this.#dropped.bytes > MAX_DROPPED.bytes || this.#dropped.memories > MAX_DROPPED.memories;
  }

  #drop(bytes: number, memories: number): void {
    this.#dropped = { bytes: this.#dropped.bytes + bytes, memories: this.#dropped.memories + memories };
    if (this.isLittered && this.#cleaning === undefined) this.#cleaning = setImmediate(() => this.#clean()).unref();
  }

  /** V8 does not see that there is anything to collect: of a memory a few words are in its heap. */
  #clean(): void {
    const start = performance.now();
    if (start >= this.#cleanFrom) {
      collectGarbage();
      const end = performance.now();
      this.#cleanFrom = end + REST * (end - start);
    }
    this.#cleaning = undefined;
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** This thread. */
export const inlineThread: InlineThread = new InlineThread();
