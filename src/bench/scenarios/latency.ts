import { codeFile } from '../../package/root.ts';
import { assertDone, closedLoop, openLoop } from '../loads.ts';
import { type Case, type Effort, openCandidate, type Scenario } from '../scenario.ts';

const SHARES: Readonly<Record<Effort, readonly number[]>> = {
  quick: [50],
  default: [10, 50, 80],
  full: [10, 50, 80],
};
/** Arrivals that are the same for everybody: one request at a time, and many. */
const RATES: Readonly<Record<Effort, readonly number[]>> = { quick: [], default: [1_000], full: [100, 1_000, 10_000] };
/** So many that it is the rate with a backlog, which is what open-loop load comes up against. */
const CAPACITY_CALLERS = 8192;
const CAPACITY_MS = 500;

/** How long requests take that arrive at a rate of their own, whatever becomes of those before them. */
export const scenario: Scenario = {
  name: 'latency',
  question: 'How long does a request take, from when it was due, under load?',
  module: codeFile('src/bench/scenarios/latency').href,
  metrics: [
    { name: 'p50', unit: 'ms', better: 'lower' },
    { name: 'p99', unit: 'ms', better: 'lower' },
    { name: 'p99.9', unit: 'ms', better: 'lower' },
    { name: 'arrivals', unit: '/s', better: 'higher' },
  ],

  cases: (effort, candidates) => [
    // A share of its own capacity says nothing about another candidate, so there is one case for each.
    ...candidates.slice(0, 1).flatMap((name) =>
      SHARES[effort].map(
        (share): Case => ({
          name: `${name} at ${share} % of its capacity`,
          parameters: { share },
          candidates: [name],
          roundMs: effort === 'quick' ? 300 : 1_000,
        }),
      ),
    ),
    ...RATES[effort].map(
      (rate): Case => ({
        name: `${rate} requests/s`,
        parameters: { rate },
        candidates,
        roundMs: effort === 'full' ? 4_000 : 800,
      }),
    ),
  ],

  async open(name, setting) {
    const candidate = await openCandidate(name, setting);
    const call = (): unknown => candidate.process(setting.request.input);
    let capacity: number | undefined;
    const measureCapacity = async (): Promise<number> => {
      await closedLoop(CAPACITY_CALLERS, CAPACITY_MS / 2, call);
      const { done, milliseconds } = await closedLoop(CAPACITY_CALLERS, CAPACITY_MS, call);
      return (done / milliseconds) * 1000;
    };
    return {
      async round({ share, rate }, milliseconds) {
        if (rate === undefined) capacity ??= await measureCapacity();
        const arrivals = Math.round(Number(rate ?? (capacity! * Number(share)) / 100));
        const load = await openLoop(arrivals, milliseconds, call);
        assertDone(load);
        const { latency } = load;
        const values = Object.fromEntries(
          [50, 99, 99.9].map((percent) => [`p${percent}`, latency.percentile(percent)]),
        );
        return { values: { ...values, arrivals }, latency };
      },
      close: () => candidate.close(),
    };
  },
};
