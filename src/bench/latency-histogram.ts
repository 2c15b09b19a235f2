import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** In nanoseconds: longer ones count as this. */
const HIGHEST = 600e9;
const NANOSECONDS = 1e6;

/** A point of a distribution: this percentage of the requests took at most so many milliseconds. */
export type Percentile = readonly [percent: number, milliseconds: number];

/** Latencies in milliseconds, to three digits, in constant memory: an HDR histogram. */
export class LatencyHistogram {
  readonly #histogram: Histogram;

  constructor(histogram?: Histogram) {
    this.#histogram =
      histogram ??
      build({ lowestDiscernibleValue: 1, highestTrackableValue: HIGHEST, numberOfSignificantValueDigits: 3 });
  }

  /** One that {@link encode} wrote. */
  static decode(text: string): LatencyHistogram {
    return new LatencyHistogram(decodeFromCompressedBase64(text));
  }

  record(milliseconds: number): void {
    this.#histogram.recordValue(Math.min(HIGHEST, Math.max(1, Math.round(milliseconds * NANOSECONDS))));
  }

  /** NaN when nothing was recorded. */
  percentile(percent: number): number {
    if (this.#histogram.totalCount === 0) return Number.NaN;
    return this.#histogram.getValueAtPercentile(percent) / NANOSECONDS;
  }

  /** Takes in what another one has recorded. */
  add(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram);
  }

  /** The distribution at percentages that come ever closer to 100, as far as there are requests to tell them apart. */
  curve(): Percentile[] {
    const points: Percentile[] = [];
    for (let rest = 100; rest >= 100 / this.#histogram.totalCount; rest /= Math.SQRT2) {
      points.push([100 - rest, this.percentile(100 - rest)]);
    }
    return this.#histogram.totalCount === 0 ? points : [...points, [100, this.percentile(100)]];
  }

  /** In the format that all HDR histograms share (V2, compressed, base64). */
  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }
}
