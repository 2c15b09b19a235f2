/**
 * What a plugin that never returns costs its neighbours: latencies of good requests at 500 a second, alone and beside
 * an endless request that is killed every 500 ms. `node bench/kills.ts [--quick]`
 */
import { fileURLToPath } from 'node:url';
import { PluginEngine } from '../src/index.ts';
import { hostile } from '../test/fixtures/hostile.ts';
import { openLoop } from './lib/open-loop.ts';
import { median, quantile } from './lib/stats.ts';

const ROUNDS = 5;
const MILLISECONDS = process.argv.includes('--quick') ? 2_000 : 6_000;
const RATE = 500;
const KILL_EVERY_MS = 500;

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
