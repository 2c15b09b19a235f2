/**
 * What a plugin that never returns costs its neighbours: latencies of good requests at 500 a second, alone and beside
 * an endless request that is killed every 500 ms; and how long after a kill the next good answer comes, of the same plugin
 * and of another, by how calls are interrupted. `node bench/kills.ts [--quick]`
 */
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PluginEngine } from '../src/index.ts';
import { hostile } from '../test/fixtures/hostile.ts';
import { openLoop } from './lib/open-loop.ts';
import { median, quantile } from './lib/stats.ts';

const ROUNDS = 5;
const MILLISECONDS = process.argv.includes('--quick') ? 2_000 : 6_000;
const RATE = 500;
const KILL_EVERY_MS = 500;
const KILLS = process.argv.includes('--quick') ? 20 : 60;

const engine = await PluginEngine.create({ threads: 2 });
await engine.loadPlugin('good', fileURLToPath(new URL('../examples/plugins/redact/redact.wasm', import.meta.url)));
await engine.loadPlugin('endless', await hostile(), { sandbox: { cpuTimeLimitMs: 50 } });

const good = (): Promise<unknown> => engine.process('good', { input: 'sixteen bytes ok' });
const p99: Record<'alone' | 'beside', number[]> = { alone: [], beside: [] };
let kills = 0;
engine.on('worker:terminated', () => kills++);

for (let round = -1; round < ROUNDS; round++) {
  const alone = await openLoop(RATE, MILLISECONDS, good);
  const killer = setInterval(() => engine.process('endless', { input: 'spin' }).catch(() => {}), KILL_EVERY_MS);
  const beside = await openLoop(RATE, MILLISECONDS, good);
  clearInterval(killer);
  if (round < 0) continue;
  p99.alone.push(quantile(alone, 0.99));
  p99.beside.push(quantile(beside, 0.99));
}
const added = median(p99.beside.map((value, round) => value - p99.alone[round]!));
console.log(
  `p99 at ${RATE} requests/s: ${median(p99.alone).toFixed(2)} ms alone, ${median(p99.beside).toFixed(2)} ms beside ${kills} kills; ${added.toFixed(2)} ms more`,
);
await engine.close();

for (const interrupt of ['terminate', 'trap'] as const) {
  const { same, other } = await recoveries(interrupt);
  console.log(
    `after a kill, interrupt: '${interrupt}': same plugin ${same.toFixed(2)} ms, others ${other.toFixed(2)} ms`,
  );
}

/** Median milliseconds from the end of an endless request to the next good answer. */
async function recoveries(interrupt: 'trap' | 'terminate'): Promise<{ readonly same: number; readonly other: number }> {
  const killing = await PluginEngine.create({ threads: 2 });
  const sandbox = { cpuTimeLimitMs: 50, interrupt };
  await killing.loadPlugin('good', fileURLToPath(new URL('../examples/plugins/redact/redact.wasm', import.meta.url)));
  await killing.loadPlugin('endless', await hostile(), { sandbox });
  const times: Record<'endless' | 'good', number[]> = { endless: [], good: [] };
  for (let kill = 0; kill < KILLS; kill++) {
    await killing.process('endless', { input: 'spin' }).catch(() => {});
    const plugin = kill % 2 === 0 ? 'endless' : 'good';
    const since = performance.now();
    await killing.process(plugin, { input: 'sixteen bytes ok' });
    times[plugin].push(performance.now() - since);
    await setTimeout(20);
  }
  await killing.close();
  return { same: median(times.endless), other: median(times.good) };
}
