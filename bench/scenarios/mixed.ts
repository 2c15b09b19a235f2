import { closedLoop } from '../../src/bench/loads.ts';
import type { Scenario } from '../../src/bench/scenario.ts';
import { randomNumbers } from '../../src/bench/statistics.ts';
import { cpuOf, memoryOf } from '../../src/bench/usage.ts';
import { PluginEngine } from '../../src/index.ts';

const CALLERS = 256;

/** Many plugins are loaded; few of them get most of the requests, as Zipf's law has it. */
export const scenario: Scenario = {
  name: 'mixed',
  question: 'How many requests a second, when they are for any of many plugins?',
  module: import.meta.url,
  metrics: [
    { name: 'rate', unit: '/s', better: 'higher' },
    { name: 'CPU per request', unit: 'µs', better: 'lower' },
    { name: 'memory', unit: 'MiB', better: 'lower' },
  ],
  cases: (effort) => [
    {
      name: `${CALLERS} callers`,
      parameters: { callers: CALLERS },
      candidates: ['1 plugin', '100 plugins', ...(effort === 'quick' ? [] : ['1000 plugins'])],
    },
  ],

  async open(name, { component, threads, request }) {
    const engine = await PluginEngine.create({ threads, maxTotalMemoryBytes: 2 ** 40 });
    const plugins = Array.from({ length: Number.parseInt(name, 10) }, (_, index) => `plugin ${index}`);
    for (const plugin of plugins) await engine.loadPlugin(plugin, component);
    const choose = zipf(plugins.length);
    return {
      async round({ callers }, milliseconds) {
        const cpu = cpuOf();
        const load = await closedLoop(Number(callers), milliseconds, () => engine.process(plugins[choose()]!, request));
        return {
          values: {
            rate: (load.done / load.milliseconds) * 1000,
            'CPU per request': (cpuOf() - cpu) / load.done,
            memory: memoryOf(),
          },
        };
      },
      close: () => engine.close(),
    };
  },
};

/** Draws places from 0 up to `count`, the one at k as often as 1 / (k + 1) in comparison with the first. */
function zipf(count: number): () => number {
  const random = randomNumbers(count);
  const upTo: number[] = [];
  let total = 0;
  for (let place = 0; place < count; place++) {
    total += 1 / (place + 1);
    upTo.push(total);
  }
  return () => {
    const at = random() * total;
    let low = 0;
    for (let high = count - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (upTo[middle]! > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
