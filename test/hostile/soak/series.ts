/** What a process holds at one moment. */
export interface Sample {
  readonly minutes: number;
  readonly rssMiB: number;
  /** Of these, what the memories of guests have, and what is left. */
  readonly guestsMiB: number;
  readonly ownMiB: number;
  readonly threads: number;
  readonly descriptors: number;
}

type Quantity = 'ownMiB' | 'threads' | 'descriptors';

/** How much a series rises, by least squares over the samples from a moment on. */
export function slope(samples: readonly Sample[], of: Quantity, fromMinutes: number): number {
  const later = samples.filter(({ minutes }) => minutes >= fromMinutes);
  const mean = (pick: (sample: Sample) => number): number =>
    later.reduce((sum, sample) => sum + pick(sample), 0) / later.length;
  const [x, y] = [mean(({ minutes }) => minutes), mean((sample) => sample[of])];
  const over = later.reduce((sum, sample) => sum + (sample.minutes - x) * (sample[of] - y), 0);
  const under = later.reduce((sum, { minutes }) => sum + (minutes - x) ** 2, 0);
  return under === 0 ? 0 : over / under;
}

/**
 * The least of every so many samples in a row: what is there anyhow. What a process has beyond that comes and goes with
 * the threads and the garbage that there happen to be.
 */
export function floors(samples: readonly Sample[], of: Quantity, every: number): Sample[] {
  return Array.from({ length: Math.ceil(samples.length / every) }, (_, window) =>
    samples
      .slice(window * every, (window + 1) * every)
      .reduce((least, sample) => (sample[of] < least[of] ? sample : least)),
  );
}
