/** The middle of the values; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of the values lies, interpolated linearly. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** Numbers from 0 up to 1 that are the same for the same seed (mulberry32), so that a report can be computed again. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A ratio, and between which values it lies with 95 % confidence. */
export interface Ratio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

const CONFIDENCE = 0.95;
const RESAMPLES = 4_000;
/** Smaller differences than this are not told, however sure they are: another layout of the code makes as much. */
const SMALLEST_DIFFERENCE = 0.02;

/**
 * By what factor `values` is larger than `others`, where the values at one place were measured right after each other:
 * the median of the ratios by pairs, so that what slows both down cancels out.
 *
 * The interval is the wider of two: the bootstrap's, and the exact one of the sign test, since the bootstrap of a median
 * is too narrow for few values. Below six pairs no interval of 95 % exists, and it has no bounds.
 */
export function pairedRatio(values: readonly number[], others: readonly number[]): Ratio {
  const ratios = values.map((value, index) => value / others[index]!).filter(Number.isFinite);
  const exact = signTestInterval(ratios);
  if (ratios.length === 0) return { ratio: Number.NaN, low: 0, high: Number.POSITIVE_INFINITY };
  const resampled = bootstrap((random) => median(resample(ratios, random)));
  return {
    ratio: median(ratios),
    low: Math.min(exact.low, resampled.low),
    high: Math.max(exact.high, resampled.high),
  };
}

/**
 * By what factor the median of `values` is larger than that of `others`, which were measured at another time: the
 * bootstrap of the ratio of medians. With fewer than four values on a side, which cannot differ with 95 % confidence, it
 * has no bounds.
 */
export function unpairedRatio(values: readonly number[], others: readonly number[]): Ratio {
  const ratio = median(values) / median(others);
  if (Math.min(values.length, others.length) < 4) return { ratio, low: 0, high: Number.POSITIVE_INFINITY };
  return {
    ratio,
    ...bootstrap((random) => median(resample(values, random)) / median(resample(others, random))),
  };
}

/** What a ratio says: is it more, is it less, or can the noise alone explain it. */
export function verdict({ low, high }: Ratio): 'more' | 'less' | 'noise' {
  if (low > 1 + SMALLEST_DIFFERENCE) return 'more';
  if (high < 1 / (1 + SMALLEST_DIFFERENCE)) return 'less';
  return 'noise';
}

/**
 * The probability that values of one distribution come apart at least as far as these do: a permutation test of the
 * difference between mean ranks (the Mann-Whitney statistic).
 */
export function permutationTest(values: readonly number[], others: readonly number[]): number {
  const all = [...values, ...others];
  const ranks = rank(all);
  const expected = (values.length * (all.length + 1)) / 2;
  const sum = (from: readonly number[]): number => from.slice(0, values.length).reduce((total, one) => total + one, 0);
  const observed = Math.abs(sum(ranks) - expected);
  const random = randomNumbers(SEED);
  let extreme = 0;
  for (let index = 0; index < RESAMPLES; index++) {
    if (Math.abs(sum(shuffled(ranks, random)) - expected) >= observed - 1e-9) extreme++;
  }
  // Counting the observed order itself keeps the test exact: it is one of the permutations.
  return (extreme + 1) / (RESAMPLES + 1);
}

/** The values in a random order. */
export function shuffled<Value>(values: readonly Value[], random: () => number): Value[] {
  const copy = [...values];
  for (let index = copy.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [copy[index], copy[other]] = [copy[other]!, copy[index]!];
  }
  return copy;
}

const SEED = 1;

function bootstrap(statistic: (random: () => number) => number): { low: number; high: number } {
  const random = randomNumbers(SEED);
  const statistics = Array.from({ length: RESAMPLES }, () => statistic(random));
  return { low: quantile(statistics, (1 - CONFIDENCE) / 2), high: quantile(statistics, (1 + CONFIDENCE) / 2) };
}

function resample(values: readonly number[], random: () => number): number[] {
  return values.map(() => values[Math.floor(random() * values.length)]!);
}

/** The narrowest pair of values, as many from the lowest as from the highest, that holds the median with 95 %. */
function signTestInterval(values: readonly number[]): { low: number; high: number } {
  const sorted = [...values].sort((a, b) => a - b);
  let outside = 0;
  let probability = 2 * 0.5 ** sorted.length;
  let cut = -1;
  for (let k = 0; k < sorted.length / 2; k++) {
    outside += probability;
    if (outside > 1 - CONFIDENCE) break;
    cut = k;
    probability *= (sorted.length - k) / (k + 1);
  }
  if (cut < 0) return { low: 0, high: Number.POSITIVE_INFINITY };
  return { low: sorted[cut]!, high: sorted[sorted.length - 1 - cut]! };
}

/** The places of the values in their order, from 1; equal values share the mean of theirs. */
function rank(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}
