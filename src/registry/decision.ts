import { invalidArgument, knownKeys, wholeNumber } from '../arguments/arguments.ts';

/**
 * By how much a canary may be worse than the stable version. What is left out is not looked at; at least one threshold
 * is needed.
 *
 * @example
 * const decide: DecisionOptions = { maxErrorRateIncrease: 0.01, maxP99Ratio: 1.5, minRequests: 1000 };
 * engine.versions('redact').deployCanary('2.0.0', 10, { decide });
 */
export interface DecisionOptions {
  /** Share of requests (0 to 1) that may end in `success: false` or an error of the plugin's, above stable's share. */
  readonly maxErrorRateIncrease?: number;
  /**
   * Share of requests (0.001 to 1) that may end so whatever stable's share is: a canary beyond it is rolled back. While stable
   * itself is beyond it nothing is decided, as whatever ails it may ail both: to be no worse than what fails is no merit.
   * @default 0.5
   */
  readonly maxErrorRate?: number;
  /** As `maxErrorRateIncrease`, for requests that ran into a limit of the policy: CPU and wall time, memory, stack, output, host calls. */
  readonly maxLimitRateIncrease?: number;
  /** How many times stable's 95th percentile of time in the worker the canary's may be. 1.2 allows a fifth more. */
  readonly maxP95Ratio?: number;
  /** The same for the 99th percentile. */
  readonly maxP99Ratio?: number;
  /** Requests on each side before anything is decided. @default 200 */
  readonly minRequests?: number;
  /** Probability, over the whole trial, of not deciding wrongly. @default 0.99 */
  readonly confidence?: number;
}

/** {@link DecisionOptions}, checked and complete; thresholds that were left out are undefined. */
export interface Decision {
  readonly maxErrorRateIncrease: number | undefined;
  readonly maxErrorRate: number;
  readonly maxLimitRateIncrease: number | undefined;
  readonly maxP95Ratio: number | undefined;
  readonly maxP99Ratio: number | undefined;
  readonly minRequests: number;
  readonly confidence: number;
}

const THRESHOLDS = ['maxErrorRateIncrease', 'maxLimitRateIncrease', 'maxP95Ratio', 'maxP99Ratio'] as const;
/** Below it the intervals are as wide as what they are to tell apart. */
const FEWEST_REQUESTS = 20;

/** Checks the thresholds of an automatic decision and fills in what they leave out. */
export function resolveDecision(options: DecisionOptions): Decision {
  knownKeys('decide', options, [...THRESHOLDS, 'maxErrorRate', 'minRequests', 'confidence']);
  if (THRESHOLDS.every((name) => options[name] === undefined)) {
    throw invalidArgument('decide', 'an object with a threshold', options, `Thresholds are ${THRESHOLDS.join(', ')}.`);
  }
  const { confidence = 0.99, maxErrorRate = 0.5 } = options;
  return Object.freeze({
    maxErrorRateIncrease: number('maxErrorRateIncrease', options.maxErrorRateIncrease, 0, 1),
    maxErrorRate: number('maxErrorRate', maxErrorRate, 0.001, 1)!,
    maxLimitRateIncrease: number('maxLimitRateIncrease', options.maxLimitRateIncrease, 0, 1),
    maxP95Ratio: number('maxP95Ratio', options.maxP95Ratio, 1, 1e6),
    maxP99Ratio: number('maxP99Ratio', options.maxP99Ratio, 1, 1e6),
    minRequests: wholeNumber('decide.minRequests', options.minRequests, {
      min: FEWEST_REQUESTS,
      max: 1e9,
      default: 200,
    }),
    confidence: number('confidence', confidence, 0.5, 0.999999)!,
  });
}

function number(name: string, value: unknown, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw invalidArgument(`decide.${name}`, `a number from ${min} to ${max}`, value);
  }
  return value;
}
