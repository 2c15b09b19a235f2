import { closedLoop, openLoop } from '../../src/bench/loads.ts';
import type { Scenario } from '../../src/bench/scenario.ts';
import { PluginEngine } from '../../src/index.ts';
import { TRAFFIC_METRICS, trafficRound } from './traffic.ts';

const MODEST = Array.from({ length: 9 }, (_, index) => `modest ${index}`);
const RATE = 450;
const GREEDY_CALLERS = 1_000;

/** What nine plugins with little to do feel of one that has always more. */
export const scenario: Scenario = {
  name: 'fairness',
  question: `What do nine modest plugins, ${RATE} requests/s together, feel of a greedy one with ${GREEDY_CALLERS} callers?`,
  module: import.meta.url,
  metrics: [...TRAFFIC_METRICS, { name: 'greedy requests', unit: '/s', better: 'higher' }],
  cases: (effort) => [
    {
      name: 'one greedy, nine modest',
      parameters: { rate: RATE, greedyCallers: GREEDY_CALLERS },
      candidates: ['alone', 'beside the greedy one'],
      roundMs: effort === 'quick' ? 200 : 1_000,
    },
  ],

  async open(name, { component, threads, request }) {
    const engine = await PluginEngine.create({ threads });
    for (const plugin of [...MODEST, 'greedy']) await engine.loadPlugin(plugin, component);
    return {
      async round({ rate, greedyCallers }, milliseconds) {
        let next = 0;
        const greedy =
          name === 'alone'
            ? undefined
            : closedLoop(Number(greedyCallers), milliseconds, () => engine.process('greedy', request));
        const load = await openLoop(Number(rate), milliseconds, () =>
          engine.process(MODEST[next++ % MODEST.length]!, request),
        );
        const taken = await greedy;
        return trafficRound(load, taken && { 'greedy requests': (taken.done / taken.milliseconds) * 1000 });
      },
      close: () => engine.close(),
    };
  },
};
