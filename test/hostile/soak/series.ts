/** What a process holds at one moment. */
export interface Sample {
  readonly minutes: number;
  readonly rssMiB: number;
  readonly threads: number;
  readonly descriptors: number;
}

/** How much a series rises, by least squares over the samples from a moment on. */
export function slope(
  samples: readonly Sample[],
  of: 'rssMiB' | 'threads' | 'descriptors',
  fromMinutes: number,
): number {
  const later = samples.filter(({ minutes }) => minutes >= fromMinutes);
  const mean = (pick: (sample: Sample) => number): number =>
    later.reduce((sum, sample) => sum + pick(sample), 0) / later.length;
  const [x, y] = [mean(({ minutes }) => minutes), mean((sample) => sample[of])];
  const over = later.reduce((sum, sample) => sum + (sample.minutes - x) * (sample[of] - y), 0);
  const under = later.reduce((sum, { minutes }) => sum + (minutes - x) ** 2, 0);
  return under === 0 ? 0 : over / under;
}
