import { nextTick } from '../clock/of-node.ts';
import type { JobOutcome } from '../scheduler/job.ts';
import type { Decision } from './decision.ts';
import type { PluginVersion } from './plugin-version.ts';
import { requestHash } from './request-hash.ts';
import { Trial, type Verdict } from './trial.ts';

const HASHES = 2 ** 32;

/**
 * A version that serves a share of its plugin's requests: those whose hash is below a threshold. A higher percentage
 * raises the threshold, so it moves requests to the canary and none away. The hash is seeded with the names of plugin
 * and version, so that not the same requests meet every canary; it is the same in every process.
 */
export class Canary {
  readonly version: PluginVersion;
  readonly decision: Decision | undefined;
  readonly #seed: number;
  #percentage: number;
  #threshold: number;
  #trial: Trial | undefined;

  /** @param percentage From 0 to 100. */
  constructor(version: PluginVersion, percentage: number, decision: Decision | undefined) {
    this.version = version;
    this.decision = decision;
    this.#seed = requestHash(version.lane.version, requestHash(version.lane.definition.plugin, 0));
    this.#percentage = percentage;
    this.#threshold = thresholdOf(percentage);
    this.restartTrial();
  }

  get percentage(): number {
    return this.#percentage;
  }

  set percentage(percentage: number) {
    this.#percentage = percentage;
    this.#threshold = thresholdOf(percentage);
    this.restartTrial();
  }

  /** Whether a request is the canary's. */
  takes(requestId: string): boolean {
    return requestHash(requestId, this.#seed) < this.#threshold;
  }

  /** Forgets what was measured: the two sides are compared under the same conditions, or not at all. */
  restartTrial(): void {
    this.#trial = this.decision === undefined ? undefined : new Trial(this.decision);
  }

  /** What adds a request of one side to the trial; undefined when there is no trial. */
  observer(version: PluginVersion, onVerdict: (verdict: Verdict) => void): ((outcome: JobOutcome) => void) | undefined {
    const trial = this.#trial;
    if (trial === undefined) return undefined;
    const side = version === this.version ? 'canary' : 'stable';
    return (outcome) => {
      const sample = trial[side];
      // A version whose circuit is open has refused it or passed it on; that another one answered is not its merit.
      if (outcome.lane !== version.lane || outcome.code === 'ERR_PLUGIN_QUARANTINED') sample.refused();
      else sample.add(outcome);
      const verdict = trial === this.#trial ? trial.look() : undefined;
      // Not while results are being handed out: a verdict is an event, and a listener may do anything.
      if (verdict !== undefined) nextTick(() => onVerdict(verdict));
    };
  }
}

function thresholdOf(percentage: number): number {
  return Math.round((percentage / 100) * HASHES);
}
