import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertDone, closedLoop } from '../../src/bench/loads.ts';
import type { Case, Effort, Scenario } from '../../src/bench/scenario.ts';
import { inputOf } from '../../src/bench/scenarios/throughput.ts';
import { cpuOf } from '../../src/bench/usage.ts';
import { PluginEngine } from '../../src/index.ts';
import { LANGUAGES, languageComponent } from '../work/languages.ts';
import { rot13 } from '../work/rot13.ts';

const SIZES: Readonly<Record<Effort, readonly number[]>> = { quick: [1_024], default: [16, 1_024], full: [16, 1_024] };
/** An instance for each request takes long in some languages: few callers are enough to keep the threads busy. */
const CALLERS = { warm: 64, fresh: 8 } as const;

/** What the language of a plugin costs: the same work where it can be built here, and else the way in and out. */
export const scenario: Scenario = {
  name: 'languages',
  question: 'What does the language of a plugin cost: for the same work, for no work at all, and for an instance?',
  module: import.meta.url,
  metrics: [
    { name: 'CPU per request', unit: 'µs', better: 'lower' },
    { name: 'rate', unit: '/s', better: 'higher' },
    { name: 'component', unit: 'KiB', better: 'lower' },
  ],
  cases: (effort) => {
    const all = Object.keys(LANGUAGES);
    const same = all.filter((name) => LANGUAGES[name]!.does === 'rot13');
    return [
      ...SIZES[effort].map(
        (bytes): Case => ({ name: `ROT13 of ${bytes} B`, parameters: { bytes, instances: 'warm' }, candidates: same }),
      ),
      ...(effort === 'quick' ? [] : emptyInput(all)),
    ];
  },

  async open(name, { threads, request }) {
    const { does } = LANGUAGES[name]!;
    const directory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-bench-'));
    const plugin = await languageComponent(name, directory);
    const { size } = await stat(plugin);
    const engine = await PluginEngine.create({ threads });
    return {
      async round({ bytes, instances }, milliseconds) {
        const kind = instances as 'warm' | 'fresh';
        // In the round that does not count, one at a time: the other one would count as this one's memory.
        if (!engine.listPlugins().some((one) => one.name === kind)) {
          for (const one of engine.listPlugins()) await engine.unloadPlugin(one.name);
          await engine.loadPlugin(kind, plugin, { sandbox: { instances: kind } });
        }
        const input = bytes === 0 ? '' : inputOf(request.input, Number(bytes));
        const { output } = await engine.process(kind, { input });
        if (does === 'rot13' && output !== rot13(input)) throw new Error(`Expected ROT13, got \`${output}\``);
        const cpu = cpuOf();
        const result = await closedLoop(CALLERS[kind], milliseconds, () => engine.process(kind, { input }));
        assertDone(result);
        return {
          values: {
            rate: (result.done / result.milliseconds) * 1000,
            'CPU per request': (cpuOf() - cpu) / result.done,
            // It is the same in every case.
            ...(kind === 'fresh' && { component: size / 1024 }),
          },
        };
      },
      async close() {
        await engine.close();
        await rm(directory, { recursive: true });
      },
    };
  },
};

/** What is left when a plugin has nothing to do: the way in and out, and the start of its runtime. */
function emptyInput(candidates: readonly string[]): Case[] {
  return [
    { name: 'an empty input', parameters: { bytes: 0, instances: 'warm' }, candidates },
    { name: 'an empty input, an instance for each', parameters: { bytes: 0, instances: 'fresh' }, candidates },
  ];
}
