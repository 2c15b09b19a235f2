import type * as PromClient from 'prom-client';
import type { Registry } from 'prom-client';
import { requireDependency } from '../package/root.ts';
import type { MetricsSnapshot, VersionSnapshot } from './snapshot.ts';

/** Where the numbers come from. */
export interface MetricsSource {
  /** What is known of every version. */
  versions(): readonly VersionSnapshot[];
  readonly threads: MetricsSnapshot['threads'];
  readonly outstanding: { readonly bytes: number };
}

/** The numbers of an engine. Taking them costs the workers nothing. */
export class Metrics {
  readonly #source: MetricsSource;

  constructor(source: MetricsSource) {
    this.#source = source;
  }

  /** All numbers as they are now; `docs/observe.md` lists them. */
  snapshot(): MetricsSnapshot {
    const { threads, outstanding } = this.#source;
    return { plugins: this.#source.versions(), threads, outstandingBytes: outstanding.bytes };
  }

  /** The same in the text format of Prometheus, as `docs/observe.md` lists it. */
  async prometheus(): Promise<string> {
    const { Registry } = requireDependency<typeof PromClient>('prom-client');
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
