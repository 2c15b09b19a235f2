import type * as PromClient from 'prom-client';
import type { Registry } from 'prom-client';
import { requireDependency } from '../package/root.ts';
import type { StatusSource } from './plugin-status.ts';
import type { PrometheusFormat } from './prometheus-format.ts';
import type { MetricsSnapshot, VersionSnapshot } from './snapshot.ts';

/** Where the numbers come from. */
export interface MetricsSource {
  /** What is known of every version. */
  versions(): readonly VersionSnapshot[];
  readonly threads: MetricsSnapshot['threads'];
  readonly outstanding: { readonly bytes: number };
}

/**
 * The numbers of an engine. Taking them costs the workers nothing.
 *
 * @example
 * const metrics: Metrics = engine.metrics;
 * console.log(await metrics.prometheus());
 */
export class Metrics {
  readonly #source: MetricsSource;
  readonly #status: StatusSource;

  constructor(source: MetricsSource, status: StatusSource) {
    this.#source = source;
    this.#status = status;
  }

  /**
   * All numbers as they are now; `docs/observe.md` lists them.
   *
   * @example
   * for (const { plugin, durationMs } of engine.metrics.snapshot().plugins) console.log(plugin, durationMs.p99);
   */
  snapshot(): MetricsSnapshot {
    const { threads, outstanding } = this.#source;
    const { limits, reloadFailures } = this.#status;
    return {
      plugins: this.#source.versions(),
      threads,
      outstandingBytes: outstanding.bytes,
      states: this.#status.states(),
      sessions: this.#status.sessions(),
      reloadFailures: Object.fromEntries(reloadFailures),
      limits,
    };
  }

  /**
   * The same in the text format of Prometheus, as `docs/observe.md` lists it.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT` for a format that is none.
   *
   * @example
   * import { createServer } from 'node:http';
   * import { PluginEngine } from 'wasm-plugin-pool';
   *
   * const engine = await PluginEngine.create();
   * createServer(async (_, response) => response.end(await engine.metrics.prometheus())).listen(9090, '127.0.0.1');
   */
  async prometheus(format: PrometheusFormat = {}): Promise<string> {
    const { Registry } = requireDependency<typeof PromClient>('prom-client');
    const registry = new Registry();
    await this.register(registry, format);
    return registry.metrics();
  }

  /**
   * Adds the metrics to a registry of prom-client's, which asks for the numbers whenever it is scraped.
   *
   * @throws {Error} prom-client's, when the registry has metrics of these names already, for instance another engine's.
   *
   * @example
   * import { Registry } from 'prom-client';
   * import { PluginEngine } from 'wasm-plugin-pool';
   *
   * const engine = await PluginEngine.create();
   * await engine.metrics.register(new Registry());
   */
  async register(registry: Registry, format: PrometheusFormat = {}): Promise<void> {
    const { registerMetrics } = await import('./prometheus.ts');
    registerMetrics(registry, () => this.snapshot(), format);
  }
}
