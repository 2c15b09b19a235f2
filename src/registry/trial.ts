import { difference, normalQuantile, type Proportion, share, wilson } from './confidence.ts';
import type { Decision } from './decision.ts';
import { Sample } from './sample.ts';

/** What a trial comes to. */
export interface Verdict {
  readonly action: 'promote' | 'roll-back';
  /** The numbers behind it, in words. */
  readonly reason: string;
}

/** One threshold, held against what both sides came to. */
interface Finding {
  /** `worse`: surely beyond the threshold. `fine`: surely within it. `open`: not known yet. */
  readonly state: 'worse' | 'fine' | 'open';
  readonly text: string;
}

/**
 * Compares a canary with the stable version from the time when both get requests, until one of two things is certain
 * enough: that the canary is beyond a threshold, or that it is within all of them. While the stable version itself fails
 * it decides nothing.
 *
 * It looks after `minRequests` of the canary's requests and after every doubling. Looking again and again would find
 * something by chance in the end, so the k-th look may err with a probability of only 6/(π²k²) of the whole
 * (Bonferroni; these shares add up to 1), divided among the thresholds.
 */
export class Trial {
  stable: Sample = new Sample();
  canary: Sample = new Sample();
  readonly #decision: Decision;
  #looks = 0;
  #nextLook: number;

  constructor(decision: Decision) {
    this.#decision = decision;
    this.#nextLook = decision.minRequests;
  }

  /** The verdict, when it is time for a look and there is one. */
  look(): Verdict | undefined {
    const { canary, stable } = this;
    if (canary.requests < this.#nextLook || stable.requests < this.#decision.minRequests) return undefined;
    this.#nextLook = canary.requests * 2;
    const risk = this.#risk();
    const { maxErrorRate } = this.#decision;
    const health = holdAgainst(stable.errors, maxErrorRate, risk);
    if (health.state === 'worse') {
      this.#beginAnew();
      return undefined;
    }
    const findings = [...this.#findings(risk), holdAgainst(canary.errors, maxErrorRate, risk)];
    const worse = findings.filter(({ state }) => state === 'worse');
    const compared = `${canary.requests} requests against ${stable.requests} of the stable version`;
    const because = (some: readonly Finding[]): string => `${some.map(({ text }) => text).join('; ')} (${compared})`;
    if (worse.length > 0) return { action: 'roll-back', reason: because(worse) };
    if ([health, ...findings].every(({ state }) => state === 'fine'))
      return { action: 'promote', reason: because(findings) };
    return undefined;
  }

  /** The probability with which each finding of this look may err. */
  #risk(): number {
    const { maxErrorRateIncrease, maxLimitRateIncrease, maxP95Ratio, maxP99Ratio, confidence } = this.#decision;
    const thresholds = [maxErrorRateIncrease, maxLimitRateIncrease, maxP95Ratio, maxP99Ratio];
    // And the two shares that are held against `maxErrorRate`.
    const count = thresholds.filter((threshold) => threshold !== undefined).length + 2;
    return ((1 - confidence) * 6) / (Math.PI * ++this.#looks) ** 2 / count;
  }

  /** What was measured while stable was sick says nothing about later. The looks count on. */
  #beginAnew(): void {
    this.stable = new Sample();
    this.canary = new Sample();
    this.#nextLook = this.#decision.minRequests;
  }

  #findings(risk: number): Finding[] {
    const { maxErrorRateIncrease, maxLimitRateIncrease, maxP95Ratio, maxP99Ratio } = this.#decision;
    const { canary, stable } = this;
    const findings: Finding[] = [];
    if (maxErrorRateIncrease !== undefined)
      findings.push(compareRates('error rate', canary.errors, stable.errors, maxErrorRateIncrease, risk));
    if (maxLimitRateIncrease !== undefined)
      findings.push(compareRates('limit hits', canary.limits, stable.limits, maxLimitRateIncrease, risk));
    if (maxP95Ratio !== undefined) findings.push(compareLatencies(0.95, canary, stable, maxP95Ratio, risk));
    if (maxP99Ratio !== undefined) findings.push(compareLatencies(0.99, canary, stable, maxP99Ratio, risk));
    return findings;
  }
}

/** Holds a share against a bound of its own. */
function holdAgainst(errors: Proportion, allowed: number, risk: number): Finding {
  const { low, high } = wilson(errors, normalQuantile(risk));
  return {
    state: stateOf(low, high, allowed),
    text: `error rate ${percent(share(errors))}, ${percent(allowed)} allowed in any case`,
  };
}

function compareRates(name: string, canary: Proportion, stable: Proportion, allowed: number, risk: number): Finding {
  const { low, high } = difference(canary, stable, normalQuantile(risk));
  const text = `${name} ${percent(share(canary))} against ${percent(share(stable))}, ${percent(allowed)} more allowed`;
  return { state: stateOf(low, high, allowed), text };
}

/** Two intervals, each wrong with half the risk: the ratio is between the quotients of their bounds. */
function compareLatencies(quantile: number, canary: Sample, stable: Sample, allowed: number, risk: number): Finding {
  const z = normalQuantile(risk / 2);
  const [mine, other] = [canary.latencyInterval(quantile, z), stable.latencyInterval(quantile, z)];
  const text = `p${quantile * 100} ${canary.latency(quantile)} ms against ${stable.latency(quantile)} ms, ${allowed} times as much allowed`;
  return { state: stateOf(mine.low / other.high, mine.high / other.low, allowed), text };
}

function stateOf(low: number, high: number, allowed: number): Finding['state'] {
  if (low > allowed) return 'worse';
  return high <= allowed ? 'fine' : 'open';
}

function percent(value: number): string {
  return `${(value * 100).toFixed(2)} %`;
}
