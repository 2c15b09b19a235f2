/**
 * Requests a second, each in an instance of its own with 17 pages of memory, on two threads; what CPU time they take on
 * all threads together; and what memory the process holds meanwhile. `node bench/fresh.ts [SECONDS]`
 */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PluginEngine } from '../src/index.ts';
import { fullPlugin, respond } from '../test/workers/guest.ts';
import { closedLoop } from './lib/closed-loop.ts';

const THREADS = 2;
const CALLERS = 256;
const ROUND_MS = 2000;
const REQUEST = { input: 'sixteen bytes ok', options: [] };

const seconds = Number(parseArgs({ allowPositionals: true }).positionals[0] ?? 30);
// What the main thread has not collected yet is not what the engine holds.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const component = await fullPlugin({
  memory: '(memory (export "memory") 17)',
  process: respond('(local.get $input)', '(local.get $length)'),
});
const engine = await PluginEngine.create({ threads: THREADS });
await engine.loadPlugin('echo', component, { sandbox: { instances: 'fresh' } });
const call = (): Promise<unknown> => engine.process('echo', REQUEST);
await closedLoop(CALLERS, ROUND_MS, call);
for (let at = 0; at < seconds * 1000; at += ROUND_MS) {
  const before = process.cpuUsage();
  const rate = await closedLoop(CALLERS, ROUND_MS, call);
  const { user, system } = process.cpuUsage(before);
  const cpu = (user + system) / (rate * (ROUND_MS / 1000));
  collect();
  const rss = process.memoryUsage.rss() / 2 ** 20;
  console.log(
    `${(at + ROUND_MS) / 1000} s: ${Math.round(rate / THREADS)}/s for each thread, ${cpu.toFixed(0)} µs CPU a request, RSS ${rss.toFixed(0)} MiB`,
  );
}
await engine.close();
