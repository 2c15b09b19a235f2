import { performance } from 'node:perf_hooks';
import { PluginEngine } from '../../engine.ts';
import type { Sandbox } from '../../host/policy/policy.ts';
import { codeFile } from '../../package/root.ts';
import type { Scenario } from '../scenario.ts';
import { memoryOf } from '../usage.ts';

const PLUGINS = 50;

/** What the process grows by for each more plugin that is loaded and has answered. */
export const scenario: Scenario = {
  name: 'memory-per-instance',
  question: 'How much memory does one more loaded plugin take?',
  module: codeFile('src/bench/scenarios/memory-per-instance').href,
  metrics: [
    { name: 'memory per instance', unit: 'KiB', better: 'lower' },
    { name: 'time to load and answer', unit: 'ms', better: 'lower' },
  ],
  cases: (_effort, candidates) =>
    candidates.includes('engine')
      ? [{ name: `${PLUGINS} more plugins`, parameters: { plugins: PLUGINS }, candidates: ['engine'] }]
      : [],

  async open(_name, setting) {
    let round = 0;
    const engine = await PluginEngine.create({ threads: 1, maxTotalMemoryBytes: 2 ** 40 });
    return {
      async round({ plugins }) {
        const names = Array.from({ length: Number(plugins) }, (_, index) => `plugin ${round}.${index}`);
        round++;
        // They stay loaded: the memory of unloaded ones would be used again, and hide what the next ones take.
        const before = memoryOf();
        const began = performance.now();
        for (const name of names) {
          await engine.loadPlugin(name, setting.component, {
            config: setting.config,
            sandbox: setting.sandbox as Sandbox,
            imports: setting.imports ?? {},
          });
          await engine.process(name, setting.request);
        }
        const took = performance.now() - began;
        globalThis.gc?.();
        const grown = memoryOf() - before;
        return {
          values: {
            'memory per instance': (grown * 1024) / names.length,
            'time to load and answer': took / names.length,
          },
        };
      },
      close: () => engine.close(),
    };
  },
};
