import { availableParallelism } from 'node:os';
import { assertDone, closedLoop } from '../../src/bench/loads.ts';
import type { Scenario } from '../../src/bench/scenario.ts';
import { cpuOf } from '../../src/bench/usage.ts';
import { PluginEngine } from '../../src/index.ts';
import { rot13, rot13Bytes } from '../work/rot13.ts';

const CALLERS = 64;
/** About a millisecond for 16 bytes. */
const MANY_TIMES = 70_001;

/** What more workers bring: much to requests that take long, and little to those that the main thread hardly keeps up with. */
export const scenario: Scenario = {
  name: 'scaling',
  question: 'How many more requests a second do more workers answer?',
  module: import.meta.url,
  metrics: [
    { name: 'rate', unit: '/s', better: 'higher' },
    { name: 'CPU per request', unit: 'µs', better: 'lower' },
  ],
  // The most workers come first, and are compared with fewer. Names begin with what is drawn along the axis.
  cases: () =>
    [
      { name: 'requests of a millisecond', times: MANY_TIMES },
      { name: 'requests of a microsecond', times: 1 },
    ].map(({ name, times }) => ({ name, parameters: { times, axis: 'workers' }, candidates: workerCounts() })),

  async open(name, { request }) {
    const engine = await PluginEngine.create({ threads: Number.parseInt(name, 10) });
    return {
      async round({ times }, milliseconds) {
        const plugin = String(times);
        if (!engine.listPlugins().some((one) => one.name === plugin))
          await engine.loadPlugin(plugin, await rot13Bytes(Number(times)));
        const { output } = await engine.process(plugin, request);
        if (output !== rot13(request.input)) throw new Error(`Expected ROT13, got \`${output}\``);
        const cpu = cpuOf();
        const load = await closedLoop(CALLERS, milliseconds, () => engine.process(plugin, request));
        assertDone(load);
        return {
          values: { rate: (load.done / load.milliseconds) * 1000, 'CPU per request': (cpuOf() - cpu) / load.done },
        };
      },
      close: () => engine.close(),
    };
  },
};

/** As many workers as there are processors, and half as many down to one. */
function workerCounts(): string[] {
  const names: string[] = [];
  for (let count = Math.max(2, availableParallelism()); count >= 1; count = Math.floor(count / 2)) {
    names.push(count === 1 ? '1 worker' : `${count} workers`);
  }
  return names;
}
