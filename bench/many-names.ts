/**
 * What nine plugins that loop for ever cost a tenth one that does not: latencies of its requests at 200 a second, alone and
 * beside them, with the default options. `node bench/many-names.ts [--quick]`
 */
import { fileURLToPath } from 'node:url';
import { PluginEngine } from '../src/index.ts';
import { hostile } from '../test/fixtures/hostile.ts';
import { openLoop } from './lib/open-loop.ts';
import { quantile } from './lib/stats.ts';

const MILLISECONDS = process.argv.includes('--quick') ? 3_000 : 15_000;
const RATE = 200;
const NAMES = Array.from({ length: 9 }, (_, index) => `loops-${index}`);

const engine = await PluginEngine.create();
await engine.loadPlugin('good', fileURLToPath(new URL('../examples/plugins/redact/redact.wasm', import.meta.url)));
const bytes = await hostile();
for (const name of NAMES) await engine.loadPlugin(name, bytes, { sandbox: { cpuTimeLimitMs: 1_000 } });

const good = (): Promise<unknown> => engine.process('good', { input: 'sixteen bytes ok' });
await openLoop(RATE, 1_000, good);
const alone = await openLoop(RATE, MILLISECONDS, good);
let state: 'on' | 'off' = 'on' as 'on' | 'off';
const loops = NAMES.map(async (name) => {
  while (state === 'on') await engine.process(name, { input: 'spin' }).catch(() => {});
});
const beside = await openLoop(RATE, MILLISECONDS, good);
state = 'off';
const show = (latencies: readonly number[]): string =>
  [0.5, 0.99, 1].map((q) => `${quantile([...latencies], q).toFixed(2)}`).join(' / ');
console.log(`p50 / p99 / longest, ms: ${show(alone)} alone, ${show(beside)} beside nine names that loop`);
await engine.close({ force: true });
await Promise.all(loops);
