import type * as PromClient from 'prom-client';
import type { Registry } from 'prom-client';
import { requireDependency } from '../package/root.ts';
import { byPlugin } from './by-plugin.ts';
import type { HistogramSnapshot } from './histogram.ts';
import type { PluginStatus } from './plugin-status.ts';
import { checkFormat, type PrometheusFormat } from './prometheus-format.ts';
import type { MetricsSnapshot, VersionSnapshot } from './snapshot.ts';
import type { CountByCode } from './version-metrics.ts';

/** A line of the text format: its labels and its number. */
interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** The name of the line where it is not that of the metric. */
  readonly metricName?: string;
  /** Of a bucket: the how manieth it is. */
  readonly place?: number;
}

/** A metric as Prometheus sees it. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Whether it is counted by versions, and can be by plugins. */
  readonly ofVersions?: true;
  readonly samples: (snapshot: MetricsSnapshot) => readonly Sample[];
}

const PREFIX = 'wasm_plugin_pool_';
const MS = 1 / 1000;
/** Every so manieth bucket is there where few are asked for. */
const FEW = 3;
const CIRCUIT = { closed: 0, 'half-open': 0.5, open: 1 } as const;

/** An edge of our buckets, and what Prometheus, whose bounds are inclusive and in seconds, calls it. */
interface Bound {
  readonly below: number;
  readonly atMost: number;
}

/**
 * The bounds of the buckets that Prometheus gets: from 8 µs to 65 s, and from 1 to 255 requests. Powers of two are edges
 * of ours, so that no count is interpolated.
 */
const TIME_BOUNDS = powersOfTwo(-7, 16).map((below): Bound => ({ below, atMost: below * MS }));
const SIZE_BOUNDS = powersOfTwo(1, 8).map((below): Bound => ({ below, atMost: below - 1 }));

/** Every metric, in the order of the text. */
export const METRICS: readonly MetricDefinition[] = [
  counter('calls_total', 'Requests that began to run and are over', ({ calls }) => calls),
  counter('refused_total', 'Answers with success: false', ({ refused }) => refused),
  byCode('errors_total', 'Requests that were rejected, by error code', ({ errors }) => errors),
  histogram('call_duration_seconds', 'Time of calls in their worker', TIME_BOUNDS, MS, ({ durationMs }) => durationMs),
  histogram('queue_wait_seconds', 'Time until a worker began', TIME_BOUNDS, MS, ({ queueWaitMs }) => queueWaitMs),
  counter('cpu_seconds_total', 'CPU time of the threads that ran the plugin', ({ cpuMs }) => cpuMs * MS),
  gauge('memory_peak_bytes', 'The largest memory of one instance', ({ memoryPeakBytes }) => memoryPeakBytes),
  counter(
    'instructions_total',
    'Instructions of the plugin, where they are counted',
    ({ instructions }) => instructions,
  ),
  counter('host_calls_total', 'Calls from the plugin to the host', ({ hostCalls }) => hostCalls),
  gauge('instances', 'Live instances', ({ instances }) => instances),
  counter('instances_made_total', 'Instances that were made', ({ instancesMade }) => instancesMade),
  byCode('worker_kills_total', 'Threads ended because of the plugin, by error code', (plugin) => plugin.workerKills),
  byCode('interrupts_total', 'Calls ended while their thread stayed, by error code', (plugin) => plugin.interrupts),
  histogram('batch_size', 'Requests of a batch', SIZE_BOUNDS, 1, ({ batchSize }) => batchSize),
  gauge('queue_depth', 'Requests that have not begun', ({ queueDepth }) => queueDepth),
  {
    name: `${PREFIX}threads`,
    type: 'gauge',
    help: 'Worker threads that exist, by what they are doing',
    labels: ['state'],
    samples: ({ threads }) => Object.entries(threads).map(([state, value]) => ({ labels: { state }, value })),
  },
  {
    name: `${PREFIX}outstanding_bytes`,
    type: 'gauge',
    help: 'Bytes of requests and of large answers that are held',
    labels: [],
    samples: ({ outstandingBytes }) => [{ labels: {}, value: outstandingBytes }],
  },
  {
    name: `${PREFIX}limit`,
    type: 'gauge',
    help: 'What the engine was made with: requests, threads and bytes at the most',
    labels: ['of'],
    samples: ({ limits: { queue, threads, outstandingBytes } }) => [
      { labels: { of: 'queue_depth' }, value: queue },
      { labels: { of: 'threads' }, value: threads },
      { labels: { of: 'outstanding_bytes' }, value: outstandingBytes },
    ],
  },
  {
    name: `${PREFIX}plugin_info`,
    type: 'gauge',
    help: 'Always 1: which plugins are there, in which state',
    labels: ['plugin', 'state'],
    samples: ({ states }) => states.map(({ plugin, state }) => ({ labels: { plugin, state }, value: 1 })),
  },
  ofState('version_info', 'Always 1: which versions are loaded, in which role', ['role'], ({ role }) => ({
    labels: { role },
    value: 1,
  })),
  ofState('request_share', 'The part of the requests that a version gets, from 0 to 1', [], ({ share }) => ({
    value: share,
  })),
  ofState('circuit_open', '1 while a version is not tried, 0.5 while one request tries it, else 0', [], (version) => ({
    value: CIRCUIT[version.circuit],
  })),
  {
    name: `${PREFIX}sessions`,
    type: 'gauge',
    help: 'Sessions that are open',
    labels: ['plugin'],
    samples: ({ sessions }) => Object.entries(sessions).map(([plugin, value]) => ({ labels: { plugin }, value })),
  },
  {
    name: `${PREFIX}quarantined_inputs`,
    type: 'gauge',
    help: 'Inputs that have ended threads of the plugin',
    labels: ['plugin'],
    samples: ({ states }) => states.map(({ plugin, quarantined }) => ({ labels: { plugin }, value: quarantined })),
  },
  {
    name: `${PREFIX}load_failures_total`,
    type: 'counter',
    help: 'Loads of the plugin that failed, where another version stays or a file could not become one',
    labels: ['plugin'],
    samples: ({ reloadFailures }) =>
      Object.entries(reloadFailures).map(([plugin, value]) => ({ labels: { plugin }, value })),
  },
];

/** Adds every metric to a registry. prom-client renders; what it renders is read from the snapshot. */
export function registerMetrics(
  registry: Registry,
  snapshot: () => MetricsSnapshot,
  format: PrometheusFormat = {},
): void {
  const { detail, buckets } = checkFormat('format', format);
  let shared: MetricsSnapshot | undefined;
  // A registry asks all metrics in one turn: they get one snapshot, and fit together.
  const current = (): MetricsSnapshot => {
    if (shared === undefined) {
      const taken = snapshot();
      shared = detail === 'version' ? taken : { ...taken, plugins: byPlugin(taken.plugins) };
      // A promise, since the fake clock of somebody's tests may hold `queueMicrotask` back.
      void Promise.resolve().then(() => {
        shared = undefined;
      });
    }
    return shared;
  };
  for (const definition of METRICS)
    registerMetric(registry, definition, () => samplesOf(definition, current(), detail, buckets));
}

/** The lines of a metric, as many as are asked for. */
function samplesOf(
  { type, ofVersions, samples }: MetricDefinition,
  snapshot: MetricsSnapshot,
  detail: 'plugin' | 'version',
  buckets: 'all' | 'few' | 'none',
): readonly Sample[] {
  let lines = samples(snapshot);
  if (type === 'histogram' && buckets !== 'all') lines = lines.filter((line) => isKept(line, buckets));
  if (detail === 'version' || !ofVersions) return lines;
  return lines.map(({ labels: { version: _, ...labels }, ...line }) => ({ ...line, labels }));
}

/** Buckets that are left out take nothing from those that stay: each counts all below it. */
function isKept({ labels: { le }, place = 0 }: Sample, buckets: 'few' | 'none'): boolean {
  if (le === undefined || le === '+Inf') return true;
  return buckets === 'few' && place % FEW === 0;
}

/** Registered as prom-client's own kind of metric, whose numbers come from us instead of from its `inc` and `observe`. */
function registerMetric(registry: Registry, definition: MetricDefinition, samples: () => readonly Sample[]): void {
  const { name, help, labels, type } = definition;
  const configuration = { name, help, labelNames: [...labels], registers: [registry] };
  const { Counter, Gauge, Histogram } = requireDependency<typeof PromClient>('prom-client');
  const metric =
    type === 'counter'
      ? new Counter(configuration)
      : type === 'gauge'
        ? new Gauge(configuration)
        : new Histogram(configuration);
  // `name` is read anew each time: for OpenMetrics the registry takes the suffix from a counter's.
  const get = async (): Promise<object> => ({
    ...{ name: (metric as { name?: string }).name, help, type, aggregator: 'sum' },
    values: samples(),
  });
  // `getForPromString` is the compact form that a Histogram has beside `get` (prom-client 15).
  Object.assign(metric, { get, getForPromString: get });
}

type StateOfVersion = PluginStatus['versions'][number];

function ofState(
  name: string,
  help: string,
  labels: readonly string[],
  sample: (version: StateOfVersion) => { readonly labels?: Readonly<Record<string, string>>; readonly value: number },
): MetricDefinition {
  return {
    name: PREFIX + name,
    type: 'gauge',
    help,
    labels: ['plugin', 'version', ...labels],
    samples: ({ states }) =>
      states.flatMap(({ plugin, versions }) =>
        versions.map((version) => {
          const { labels: own, value } = sample(version);
          return { labels: { ...labelsOf({ plugin, version: version.version }), ...own }, value };
        }),
      ),
  };
}

type Numbers = (plugin: VersionSnapshot) => number;

function counter(name: string, help: string, value: Numbers): MetricDefinition {
  return ofVersion('counter', name, help, value);
}

function gauge(name: string, help: string, value: Numbers): MetricDefinition {
  return ofVersion('gauge', name, help, value);
}

function ofVersion(type: 'counter' | 'gauge', name: string, help: string, value: Numbers): MetricDefinition {
  return {
    name: PREFIX + name,
    type,
    help,
    labels: ['plugin', 'version'],
    ofVersions: true,
    samples: ({ plugins }) => plugins.map((plugin) => ({ labels: labelsOf(plugin), value: value(plugin) })),
  };
}

function byCode(name: string, help: string, counts: (plugin: VersionSnapshot) => CountByCode): MetricDefinition {
  return {
    name: PREFIX + name,
    type: 'counter',
    help,
    labels: ['plugin', 'version', 'code'],
    ofVersions: true,
    samples: ({ plugins }) =>
      plugins.flatMap((plugin) =>
        Object.entries(counts(plugin)).map(([code, value]) => ({ labels: { ...labelsOf(plugin), code }, value })),
      ),
  };
}

function histogram(
  name: string,
  help: string,
  bounds: readonly Bound[],
  unit: number,
  of: (plugin: VersionSnapshot) => HistogramSnapshot,
): MetricDefinition {
  const full = PREFIX + name;
  return {
    name: full,
    type: 'histogram',
    help,
    labels: ['plugin', 'version'],
    ofVersions: true,
    samples: ({ plugins }) =>
      plugins.flatMap((plugin) => {
        const { count, sum, buckets } = of(plugin);
        const labels = labelsOf(plugin);
        const upTo = (edge: number): number =>
          buckets.reduce((total, bucket) => (bucket.below <= edge ? total + bucket.count : total), 0);
        return [
          ...bounds.map(({ below, atMost }, place) => ({
            place,
            metricName: `${full}_bucket`,
            labels: { ...labels, le: atMost },
            value: upTo(below),
          })),
          { metricName: `${full}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
          { metricName: `${full}_sum`, labels, value: sum * unit },
          { metricName: `${full}_count`, labels, value: count },
        ];
      }),
  };
}

function labelsOf({ plugin, version }: Pick<VersionSnapshot, 'plugin' | 'version'>): {
  readonly plugin: string;
  readonly version: string;
} {
  return { plugin, version };
}

function powersOfTwo(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, place) => 2 ** (from + place));
}
