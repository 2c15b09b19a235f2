/**
 * A canary got a share of the requests, or another share.
 *
 * @example
 * const tell = ({ plugin, version, percentage }: CanaryDeployment) => console.log(plugin, version, percentage);
 * engine.on('canary:deployed', tell);
 */
export interface CanaryDeployment {
  readonly plugin: string;
  /** The canary. */
  readonly version: string;
  /** The version that serves the rest. */
  readonly stable: string;
  /** From 0 to 100. */
  readonly percentage: number;
}

/**
 * A version was promoted or rolled back.
 *
 * @example
 * const tell = ({ plugin, version, by, reason }: CanaryChange) => console.log(plugin, version, by, reason);
 * engine.on('canary:rolled-back', tell);
 */
export interface CanaryChange {
  readonly plugin: string;
  /** The version that was promoted or rolled back. */
  readonly version: string;
  /** The version that serves from now on. */
  readonly stable: string;
  /** Who decided: a caller, or the thresholds of `deployCanary`. */
  readonly by: 'caller' | 'thresholds';
  /** In words; of thresholds, the numbers that they were held against. */
  readonly reason: string;
}

/**
 * A canary became the stable version.
 *
 * @example
 * const tell = ({ plugin, version, previous }: CanaryPromotion) => console.log(plugin, previous, version);
 * engine.on('canary:promoted', tell);
 */
export interface CanaryPromotion extends CanaryChange {
  /** The version that was stable before. */
  readonly previous: string;
}

/** What plugins tell of their canaries. */
export interface CanaryEvents {
  readonly onDeployed: (deployment: CanaryDeployment) => void;
  readonly onPromoted: (promotion: CanaryPromotion) => void;
  readonly onRolledBack: (change: CanaryChange) => void;
}
