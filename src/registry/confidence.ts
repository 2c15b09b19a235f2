/** Bounds between which a value lies with some confidence. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How often something happened among how many. */
export interface Proportion {
  readonly count: number;
  readonly of: number;
}

/**
 * The value that a standard normal variable exceeds with a probability of at most 0.5: Abramowitz and Stegun, Handbook
 * of Mathematical Functions, 26.2.23, with an error below 0.00045.
 */
export function normalQuantile(probability: number): number {
  const t = Math.sqrt(-2 * Math.log(probability));
  const numerator = 2.515517 + t * (0.802853 + t * 0.010328);
  const denominator = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  return t - numerator / denominator;
}

/**
 * The score interval of a proportion (Wilson, 1927), which holds for few samples and for proportions near 0 and 1.
 *
 * @param z From {@link normalQuantile}.
 */
export function wilson({ count, of }: Proportion, z: number): Interval {
  if (of === 0) return { low: 0, high: 1 };
  const share = count / of;
  const square = z * z;
  const centre = share + square / (2 * of);
  const spread = z * Math.sqrt((share * (1 - share)) / of + square / (4 * of * of));
  const scale = 1 + square / of;
  return { low: Math.max((centre - spread) / scale, 0), high: Math.min((centre + spread) / scale, 1) };
}

/** The interval of the difference `a - b` of two proportions: Newcombe's hybrid score interval (1998, method 10). */
export function difference(a: Proportion, b: Proportion, z: number): Interval {
  const [inA, inB] = [wilson(a, z), wilson(b, z)];
  const [shareA, shareB] = [share(a), share(b)];
  return {
    low: shareA - shareB - Math.hypot(shareA - inA.low, inB.high - shareB),
    high: shareA - shareB + Math.hypot(inA.high - shareA, shareB - inB.low),
  };
}

/**
 * Between which ranks (1 is the smallest of `samples`) the true quantile lies, whatever the distribution: the number
 * of samples below it is binomial (David and Nagaraja, Order Statistics, 7.1). A bound that too few samples give none
 * for is 0 or infinite.
 */
export function quantileRanks(samples: number, quantile: number, z: number): Interval {
  const spread = z * Math.sqrt(samples * quantile * (1 - quantile));
  const low = Math.floor(samples * quantile - spread);
  const high = Math.ceil(samples * quantile + spread) + 1;
  return { low: Math.max(low, 0), high: high > samples ? Number.POSITIVE_INFINITY : high };
}

/** A proportion as a number; 0 of nothing. */
export function share({ count, of }: Proportion): number {
  return of === 0 ? 0 : count / of;
}
