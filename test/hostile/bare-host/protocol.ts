/** An attack, as the bare host is told of it. */
export interface Order {
  /** The component in base64. */
  readonly component: string;
  /** An empty directory for what jco generates. */
  readonly directory: string;
  readonly config: Readonly<Record<string, string>>;
  /** Guest path to host path. */
  readonly preopens: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly phase: 'load' | 'process' | 'unload' | 'late';
  readonly before: readonly string[];
  readonly input: string;
  readonly options: [string, string][];
  /** The global variable that JavaScript in a name would set. */
  readonly proof: string;
}

/** How it went, from inside. */
export interface Outcome {
  readonly ended: 'not loaded' | 'answered' | 'threw';
  readonly answer?: string;
  readonly message?: string;
  /** How the next request to the same instance went. */
  readonly next?: 'works' | 'is answered otherwise' | 'fails' | undefined;
  /** JavaScript of the plugin's ran in the host. */
  readonly injected?: boolean;
  /** The most memory that the process had. */
  readonly megabytes: number;
}

/** How it went, from outside: what the process did not live to tell. */
export interface Observation {
  readonly outcome: Outcome | undefined;
  /** `stopped`: it ran into the time limit of the comparison. `grown`: into its limit of memory. */
  readonly end: 'by itself' | 'stopped' | 'grown' | 'died';
  readonly signal: string | undefined;
  /** Bytes that came out of its stdout and stderr. */
  readonly printed: number;
  /** There were control characters among them. */
  readonly forged: boolean;
  readonly megabytes: number;
  /** What lies outside of every grant was changed. */
  readonly changedOutside: boolean;
}
