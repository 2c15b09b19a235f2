import { setTimeout } from 'node:timers/promises';
import { openLoop } from '../../src/bench/loads.ts';
import type { Scenario } from '../../src/bench/scenario.ts';
import { PluginEngine } from '../../src/index.ts';
import { TRAFFIC_METRICS, trafficRound } from './traffic.ts';

const RATE = 1_000;
const RELOAD_EVERY_MS = 100;

/** What requests feel of their plugin being replaced. */
export const scenario: Scenario = {
  name: 'reload-under-load',
  question: `What do ${RATE} requests a second feel when their plugin is reloaded every ${RELOAD_EVERY_MS} ms?`,
  module: import.meta.url,
  metrics: [...TRAFFIC_METRICS, { name: 'reloads', unit: '/s', better: 'higher' }],
  cases: (effort) => [
    {
      name: `${RATE} requests/s`,
      parameters: { rate: RATE, reloadEveryMs: RELOAD_EVERY_MS },
      candidates: ['steady', 'reloading'],
      roundMs: effort === 'quick' ? 200 : 1_000,
    },
  ],

  async open(name, { component, threads, request }) {
    const engine = await PluginEngine.create({ threads, keepWarmMs: 0 });
    await engine.loadPlugin('plugin', component);
    return {
      async round({ rate, reloadEveryMs }, milliseconds) {
        const over = new AbortController();
        let reloads = 0;
        const reloading = async (): Promise<void> => {
          while (!over.signal.aborted) {
            await setTimeout(Number(reloadEveryMs));
            await engine.reloadPlugin('plugin');
            reloads++;
          }
        };
        const reloaded = name === 'steady' ? undefined : reloading();
        const load = await openLoop(Number(rate), milliseconds, () => engine.process('plugin', request));
        const count = (reloads / load.milliseconds) * 1000;
        over.abort();
        await reloaded;
        return trafficRound(load, name === 'steady' ? {} : { reloads: count });
      },
      close: () => engine.close(),
    };
  },
};
