import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks';
import type { OldestRecord } from './oldest.ts';

/**
 * What one plugin did in a batch.
 *
 * @example
 * const show = ({ plugin, latencyMs }: PluginStatistics) => console.log(plugin, latencyMs.p99, 'ms');
 * engine.batch([], { plugin: 'redact' }).progress().plugins.forEach(show);
 */
export interface PluginStatistics {
  readonly plugin: string;
  /** Which step of the chain it is, from 0. */
  readonly stage: number;
  /** Attempts that ended, and how many of them without success. */
  readonly calls: number;
  readonly unsuccessful: number;
  /** Milliseconds from handing a record to the engine to its answer, waiting in the queue included. */
  readonly latencyMs: { readonly mean: number; readonly p50: number; readonly p99: number; readonly max: number };
}

/**
 * How far a batch is.
 *
 * @example
 * const onProgress = ({ done, recordsPerSecond }: BatchProgress) => console.log(done, recordsPerSecond);
 * for await (const _ of engine.batch([{ input: 'a' }], { plugin: 'redact', onProgress })) continue;
 */
export interface BatchProgress {
  /** Records that were read, and those of them that are done. */
  readonly read: number;
  readonly done: number;
  readonly succeeded: number;
  /** Records that a plugin answered with `success: false`. */
  readonly refused: number;
  /** Records without an answer. */
  readonly failed: number;
  /** Attempts after the first one. */
  readonly retried: number;
  readonly inFlight: number;
  /** Records that may be in flight now. */
  readonly concurrency: number;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly plugins: readonly PluginStatistics[];
  /** The record in flight that waits for longest. */
  readonly oldest?: OldestRecord | undefined;
}

interface Calls {
  readonly plugin: string;
  readonly stage: number;
  readonly microseconds: RecordableHistogram;
  calls: number;
  unsuccessful: number;
}

/** Plugins that are counted one by one: records can name any number that do not exist. */
const MAX_PLUGINS = 1000;
/** The first calls are all measured, then one in so many: the clock and the histogram cost as much as a short call. */
const ALWAYS = 1000;
const SAMPLING = 8;

/** Counts the calls of a batch by plugin and stage. */
export class CallStatistics {
  /** One map for each stage, by the name of the plugin. */
  readonly #stages: Map<string, Calls>[] = [];
  #plugins = 0;
  #begun = 0;

  /** When a call begins; 0 for one whose time is not taken. */
  begin(): number {
    const call = this.#begun++;
    return call < ALWAYS || call % SAMPLING === 0 ? performance.now() : 0;
  }

  /** A call has ended. */
  end(plugin: string, stage: number, startedAt: number, outcome: 'success' | 'unsuccessful'): void {
    const calls = this.#calls(plugin, stage);
    if (calls === undefined) return;
    calls.calls++;
    if (outcome === 'unsuccessful') calls.unsuccessful++;
    if (startedAt === 0) return;
    calls.microseconds.record(Math.max(1, Math.round((performance.now() - startedAt) * 1000)));
  }

  /** Many calls that began and ended together. */
  add(
    plugin: string,
    stage: number,
    counts: { readonly calls: number; readonly unsuccessful: number },
    milliseconds: number,
  ): void {
    if (counts.calls === 0) return;
    const calls = this.#calls(plugin, stage);
    if (calls === undefined) return;
    calls.calls += counts.calls;
    calls.unsuccessful += counts.unsuccessful;
    calls.microseconds.record(Math.max(1, Math.round(milliseconds * 1000)));
  }

  /** What was counted so far, in the order of the stages. */
  plugins(): PluginStatistics[] {
    return this.#stages.flatMap((stage) => [...stage.values()].map(summarize));
  }

  #calls(plugin: string, stage: number): Calls | undefined {
    let byName = this.#stages[stage];
    if (byName === undefined) {
      byName = new Map();
      this.#stages[stage] = byName;
    }
    let calls = byName.get(plugin);
    if (calls === undefined && this.#plugins < MAX_PLUGINS) {
      this.#plugins++;
      calls = { plugin, stage, microseconds: createHistogram(), calls: 0, unsuccessful: 0 };
      byName.set(plugin, calls);
    }
    return calls;
  }
}

function summarize({ plugin, stage, calls, unsuccessful, microseconds }: Calls): PluginStatistics {
  const milliseconds = (value: number): number => (Number.isFinite(value) ? Number((value / 1000).toFixed(3)) : 0);
  const latencyMs = {
    mean: milliseconds(microseconds.mean),
    p50: milliseconds(microseconds.percentile(50)),
    p99: milliseconds(microseconds.percentile(99)),
    max: milliseconds(microseconds.max),
  };
  return { plugin, stage, calls, unsuccessful, latencyMs };
}
