/**
 * The engine in a process of its own against the engine in this one: ratios of interleaved rounds, in requests a second,
 * of 16 bytes each. `node bench/isolation.ts [--quick]`
 */
import { fileURLToPath } from 'node:url';
import { PluginEngine } from '../src/index.ts';
import { closedLoop } from './lib/closed-loop.ts';
import { median } from './lib/stats.ts';

const ROUNDS = 5;
const MILLISECONDS = process.argv.includes('--quick') ? 300 : 1500;
const CALLERS = [1, 64, 1024];
const REQUEST = { input: 'sixteen bytes ok' };

const component = fileURLToPath(new URL('../examples/plugins/redact/redact.wasm', import.meta.url));
const engines = {
  none: await PluginEngine.create({ threads: 1 }),
  process: await PluginEngine.create({ threads: 1, isolation: 'process' }),
};
for (const engine of Object.values(engines)) await engine.loadPlugin('redact', component);

async function rate(engine: PluginEngine, callers: number, milliseconds: number): Promise<number> {
  const start = performance.now();
  const count = await closedLoop(callers, milliseconds, () => engine.process('redact', REQUEST));
  return count / ((performance.now() - start) / 1000);
}

console.log(`callers   in this process   in its own   ratio (median of ${ROUNDS} interleaved rounds)`);
for (const callers of CALLERS) {
  const rates: Record<keyof typeof engines, number[]> = { none: [], process: [] };
  for (const engine of Object.values(engines)) await rate(engine, callers, MILLISECONDS / 3);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, engine] of Object.entries(engines)) {
      rates[name as keyof typeof engines].push(await rate(engine, callers, MILLISECONDS));
    }
  }
  const ratio = median(rates.process.map((value, round) => value / rates.none[round]!));
  const shown = [median(rates.none), median(rates.process)].map((value) => Math.round(value).toLocaleString('en'));
  console.log(
    `${String(callers).padStart(7)}   ${shown[0]!.padStart(15)}   ${shown[1]!.padStart(10)}   ${ratio.toFixed(2)}`,
  );
}
for (const engine of Object.values(engines)) await engine.close();
