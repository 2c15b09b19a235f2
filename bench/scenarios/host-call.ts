import type { Scenario } from '../../src/bench/scenario.ts';
import { cpuOf } from '../../src/bench/usage.ts';
import { PluginEngine } from '../../src/index.ts';
import { hostile } from '../../test/fixtures/hostile.ts';

/** Calls in one request; the difference leaves out what the request itself takes. */
const FEW = 1_000;
const MANY = 11_000;

/** What a plugin waits for each call of a function of the host. */
export const scenario: Scenario = {
  name: 'host-call',
  question: 'How long does a call from the plugin to the host take?',
  module: import.meta.url,
  metrics: [
    { name: 'CPU per call', unit: 'ns', better: 'lower' },
    { name: 'time per call', unit: 'ns', better: 'lower' },
  ],
  cases: () => ['config', 'log', 'event'].map((call) => ({ name: call, parameters: { call }, candidates: ['engine'] })),

  async open(_name, { threads }) {
    const engine = await PluginEngine.create({ threads });
    await engine.loadPlugin('chatty', await hostile(), { sandbox: { maxHostCalls: 1e12 }, config: { prefix: 'x' } });
    const cost = async (call: string, count: number): Promise<{ cpu: number; time: number }> => {
      const began = performance.now();
      const cpu = cpuOf();
      await engine.process('chatty', { input: `flood-${call} ${count}` });
      return { cpu: (cpuOf() - cpu) * 1e3, time: (performance.now() - began) * 1e6 };
    };
    return {
      async round({ call }, milliseconds) {
        const end = performance.now() + milliseconds;
        const total = { cpu: 0, time: 0 };
        let calls = 0;
        do {
          const few = await cost(String(call), FEW);
          const many = await cost(String(call), MANY);
          total.cpu += many.cpu - few.cpu;
          total.time += many.time - few.time;
          calls += MANY - FEW;
        } while (performance.now() < end);
        return { values: { 'CPU per call': total.cpu / calls, 'time per call': total.time / calls } };
      },
      close: () => engine.close(),
    };
  },
};
