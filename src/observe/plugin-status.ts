/**
 * What state a plugin is in, beside what its versions have counted.
 *
 * @example
 * const sick = engine.metrics.snapshot().states.filter(({ state }: PluginStatus) => state === 'quarantined');
 */
export interface PluginStatus {
  /** The name under which it is loaded. */
  readonly plugin: string;
  /** As `getPlugin()` shows it. */
  readonly state: string;
  /** Inputs that are refused, or have ended workers. */
  readonly quarantined: number;
  /** Its versions, the canary with the part of the requests that it gets, from 0 to 1. */
  readonly versions: readonly {
    readonly version: string;
    readonly role: 'stable' | 'canary' | 'standby';
    readonly circuit: 'closed' | 'open' | 'half-open';
    readonly share: number;
  }[];
}

/** What is known of plugins as such, and of the engine's bounds. */
export interface StatusSource {
  states(): readonly PluginStatus[];
  /** How many sessions there are of each plugin that has some. */
  sessions(): Readonly<Record<string, number>>;
  /** Loads that failed of plugins that should be there, by name. */
  readonly reloadFailures: ReadonlyMap<string, number>;
  readonly limits: EngineLimits;
}

/**
 * The bounds that an engine was made with, for how much of them is used.
 *
 * @example
 * const { queue }: EngineLimits = engine.metrics.snapshot().limits;
 */
export interface EngineLimits {
  /** `queueLimit` */
  readonly queue: number;
  /** `maxThreads` */
  readonly threads: number;
  /** `maxOutstandingBytes` */
  readonly outstandingBytes: number;
}
