import { openLoop } from '../../src/bench/loads.ts';
import type { Scenario } from '../../src/bench/scenario.ts';
import { PluginEngine } from '../../src/index.ts';
import { hostile } from '../../test/fixtures/hostile.ts';
import { TRAFFIC_METRICS, trafficRound } from './traffic.ts';

const RATE = 500;
const KILL_EVERY_MS = 100;
const CPU_TIME_LIMIT_MS = 50;

/** What a plugin that never returns costs its neighbours. */
export const scenario: Scenario = {
  name: 'kill-recovery',
  question: `What do good requests, ${RATE} a second, feel of an endless one every ${KILL_EVERY_MS} ms?`,
  module: import.meta.url,
  metrics: [...TRAFFIC_METRICS, { name: 'threads killed', unit: 'threads', better: 'lower' }],
  cases: (effort) => [
    {
      name: `${RATE} requests/s`,
      parameters: { rate: RATE, killEveryMs: KILL_EVERY_MS },
      candidates: ['alone', 'beside endless requests'],
      roundMs: effort === 'quick' ? 300 : 1_000,
    },
  ],

  async open(name, { component, threads, request }) {
    const engine = await PluginEngine.create({ threads });
    await engine.loadPlugin('good', component);
    await engine.loadPlugin('endless', await hostile(), { sandbox: { cpuTimeLimitMs: CPU_TIME_LIMIT_MS } });
    let kills = 0;
    engine.on('worker:terminated', () => kills++);
    return {
      async round({ rate, killEveryMs }, milliseconds) {
        const before = kills;
        const endless: Promise<unknown>[] = [];
        const spin = (): void => {
          endless.push(engine.process('endless', { input: 'spin' }).catch(() => {}));
        };
        const timer = name === 'alone' ? undefined : setInterval(spin, Number(killEveryMs));
        const load = await openLoop(Number(rate), milliseconds, () => engine.process('good', request));
        clearInterval(timer);
        // The others take turns: nothing of this is to run in theirs.
        await Promise.all(endless);
        return trafficRound(load, name === 'alone' ? {} : { 'threads killed': kills - before });
      },
      close: () => engine.close({ force: true }),
    };
  },
};
