import type { Registry } from 'prom-client';
import type { Lane } from '../scheduler/lane.ts';
import type { Book, VersionSnapshot } from './book.ts';

/** What an engine has counted. */
export interface MetricsSnapshot {
  /** One entry for each version of each plugin: those that are loaded, and the 64 that were closed last. */
  readonly plugins: readonly VersionSnapshot[];
  /** Living worker threads, by what they are doing. */
  readonly threads: Readonly<Record<'starting' | 'idle' | 'busy', number>>;
}

/** Where the numbers come from. */
export interface MetricsSource {
  readonly book: Book;
  readonly threads: MetricsSnapshot['threads'];
  depthOf(lane: Lane): number;
}

/** The numbers of an engine. Taking them costs the workers nothing. */
export class Metrics {
  readonly #source: MetricsSource;

  constructor(source: MetricsSource) {
    this.#source = source;
  }

  /** All numbers as they are now; `docs/observe.md` lists them. */
  snapshot(): MetricsSnapshot {
    const { book, threads } = this.#source;
    return { plugins: book.snapshot((lane) => this.#source.depthOf(lane)), threads };
  }

  /** The same in the text format of Prometheus, as `docs/observe.md` lists it. */
  async prometheus(): Promise<string> {
    const { Registry } = await import('prom-client');
    const registry = new Registry();
    await this.register(registry);
    return registry.metrics();
  }

  /**
   * Adds the metrics to a registry of prom-client's, which asks for the numbers whenever it is scraped.
   *
   * @throws {Error} prom-client's, when the registry has metrics of these names already, for instance another engine's.
   */
  async register(registry: Registry): Promise<void> {
    const { registerMetrics } = await import('./prometheus.ts');
    registerMetrics(registry, () => this.snapshot());
  }
}
