import type { PluginDefinition } from '../src/artifact/definition.ts';

/** Instances that end after no more requests than this are worth bringing back. */
const FEW_REQUESTS = 64;
/** After so many instances in a row that could not be brought back the next ones are not noted. */
const MAX_IN_VAIN = 8;

/**
 * Whether it is worth the while to note what an instance of one definition is like before its first request. It is where
 * each request or so has an instance of its own, and where calls end in faults, which come again.
 */
export class Rewinding {
  readonly #policy: PluginDefinition['policy'];
  /** Whose resources go with their instance. */
  readonly #isSession: boolean;
  /** Whether its guest is asked to have its memory grow beforehand; not where it does not give back what it allocates. */
  reserves = true;
  #faults = 0;
  #inVain = 0;

  constructor({ policy, session }: Pick<PluginDefinition, 'policy' | 'session'>) {
    this.#policy = policy;
    this.#isSession = session ?? false;
  }

  get isWorthIt(): boolean {
    const { snapshots, instances, maxRequestsPerInstance } = this.#policy;
    if (snapshots === 'never' || this.#isSession || this.#inVain >= MAX_IN_VAIN) return false;
    return instances === 'fresh' || maxRequestsPerInstance <= FEW_REQUESTS || this.#faults > 0;
  }

  /** A call ended otherwise than by a return. */
  faulted(): void {
    this.#faults++;
  }

  succeeded(): void {
    this.#inVain = 0;
  }

  /** An instance could not be noted, or not be brought back. */
  failed(): void {
    this.#inVain++;
  }
}
