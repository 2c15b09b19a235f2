/**
 * Requests a second, each in an instance of its own, with 17 pages of memory on two threads; and what becomes of the
 * process's memory meanwhile. `node bench/fresh.ts [SECONDS]`
 */
import { parseArgs } from 'node:util';
import { PluginEngine } from '../src/index.ts';
import { fullPlugin, respond } from '../test/workers/guest.ts';
import { closedLoop } from './lib/closed-loop.ts';

const THREADS = 2;
const CALLERS = 256;
const REQUEST = { input: 'sixteen bytes ok', options: [] };

const seconds = Number(parseArgs({ allowPositionals: true }).positionals[0] ?? 30);
const component = await fullPlugin({
  memory: '(memory (export "memory") 17)',
  process: respond('(local.get $input)', '(local.get $length)'),
});

const engine = await PluginEngine.create({ threads: THREADS });
await engine.loadPlugin('echo', component, { sandbox: { instances: 'fresh' } });
const call = (): Promise<unknown> => engine.process('echo', REQUEST);
await closedLoop(CALLERS, 1000, call);
for (let second = 0; second < seconds; second++) {
  const cpu = process.cpuUsage();
  const rate = await closedLoop(CALLERS, 1000, call);
  const { user, system } = process.cpuUsage(cpu);
  const rss = process.memoryUsage.rss() / 2 ** 20;
  console.log(
    `${second + 1} s: ${Math.round(rate)}/s, ${Math.round(rate / THREADS)}/s for each thread, ${((user + system) / 1e6).toFixed(2)} s of CPU time, RSS ${rss.toFixed(0)} MiB`,
  );
}
await engine.close();
