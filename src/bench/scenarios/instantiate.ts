import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { PluginEngine } from '../../engine.ts';
import type { Sandbox } from '../../host/policy/policy.ts';
import { resolvePolicy } from '../../host/policy/policy.ts';
import { codeFile } from '../../package/root.ts';
import type { Entrant, Scenario, Setting } from '../scenario.ts';

type Start = 'warm' | 'fresh' | 'from the disk cache' | 'first ever';
const STARTS: readonly Start[] = ['warm', 'fresh', 'from the disk cache', 'first ever'];

/** What an answer costs, depending on how much of the plugin is there already. */
export const scenario: Scenario = {
  name: 'instantiate',
  question: 'How long does an answer take from a warm instance, a fresh one, a new engine, and with nothing compiled?',
  module: codeFile('src/bench/scenarios/instantiate').href,
  metrics: [{ name: 'time to answer', unit: 'ms', better: 'lower' }],
  cases: () => [{ name: 'one caller', parameters: {}, candidates: STARTS }],

  async open(name, setting) {
    const start = name as Start;
    return start === 'warm' || start === 'fresh' ? openLoaded(start, setting) : openUnloaded(start, setting);
  },
};

/** The plugin is loaded; each request has the instance to itself. */
async function openLoaded(instances: 'warm' | 'fresh', setting: Setting): Promise<Entrant> {
  const engine = await PluginEngine.create({ threads: setting.threads });
  const { sha256: _anyFile, maxInstructions, ...policy } = resolvePolicy(setting.sandbox as Sandbox);
  const sandbox = { ...policy, ...(maxInstructions !== undefined && { maxInstructions }), instances };
  await engine.loadPlugin('plugin', setting.component, {
    config: setting.config,
    imports: setting.imports ?? {},
    sandbox,
  });
  return {
    async round(_parameters, milliseconds) {
      const began = performance.now();
      let done = 0;
      do {
        await engine.process('plugin', setting.request);
        done++;
      } while (performance.now() - began < milliseconds);
      return { values: { 'time to answer': (performance.now() - began) / done } };
    },
    close: () => engine.close(),
  };
}

/** A new engine, up to its first answer. */
async function openUnloaded(start: Start, setting: Setting): Promise<Entrant> {
  const directory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-bench-'));
  let starts = 0;
  return {
    async round() {
      const cacheDirectory = join(directory, start === 'first ever' ? String(starts++) : 'kept');
      const began = performance.now();
      const engine = await PluginEngine.create({ threads: setting.threads, cacheDirectory });
      const { config, component, request, imports = {} } = setting;
      await engine.loadPlugin('plugin', component, { config, imports, sandbox: setting.sandbox as Sandbox });
      await engine.process('plugin', request);
      const took = performance.now() - began;
      await engine.close();
      return { values: { 'time to answer': took } };
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}
