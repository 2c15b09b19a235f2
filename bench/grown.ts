/**
 * What instances leave behind that grew to 30 MiB: requests a second, and how far the process's memory rises above what
 * it was before, with 64 MiB for all instances. `node bench/grown.ts [REQUESTS]`
 */
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Policy } from '../src/index.ts';
import { PluginEngine } from '../src/index.ts';
import { fullPlugin, respond } from '../test/workers/guest.ts';

const MiB = 2 ** 20;
const LIMIT = 64 * MiB;
const CALLERS = 16;
const WARM_UP = 10_000;
const PAGES = 30 * 16;
const GROW = 'grow';

const requests = Number(parseArgs({ allowPositionals: true }).positionals[0] ?? 10_000);
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const grow = `
  (drop (memory.grow (i32.sub (i32.const ${PAGES}) (memory.size))))
  (memory.fill (i32.const 65536) (i32.const 1) (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 65536)))`;
const answer = respond('(local.get $input)', '(local.get $length)');
/** What to do with an input that asks for it; any other is answered. */
const asked = (text: string): string =>
  `(if (i32.eq (local.get $length) (i32.const ${GROW.length})) (then ${text})) ${answer}`;
const guests: readonly (readonly [name: string, process: string, sandbox: Policy])[] = [
  ['fresh, grows and answers', asked(grow), { instances: 'fresh' }],
  ['warm, grows and traps', asked(`${grow} unreachable`), {}],
];

for (const [name, process_, sandbox] of guests) {
  const engine = await PluginEngine.create({ threads: 2, maxTotalMemoryBytes: LIMIT });
  await engine.loadPlugin('grower', await fullPlugin({ process: process_ }), { sandbox });
  const call = (input: string): Promise<unknown> => engine.process('grower', { input }).catch(() => undefined);
  // As many requests leave V8's heaps and code as they will be; what the guests hold is not there then.
  for (let round = 0; round < WARM_UP / CALLERS; round++) {
    await Promise.all(Array.from({ length: CALLERS }, () => call('hello')));
  }
  await setTimeout(500);
  collect();
  const baseline = process.memoryUsage.rss();
  let peak = 0;
  let left = requests;
  const { user, system } = process.cpuUsage();
  const start = performance.now();
  const caller = async (): Promise<void> => {
    while (left-- > 0) {
      await call(GROW);
      peak = Math.max(peak, process.memoryUsage.rss());
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const seconds = (performance.now() - start) / 1000;
  const after = process.cpuUsage();
  const cpu = (after.user + after.system - user - system) / 1000 / requests;
  console.log(
    `${name}: ${(requests / seconds).toFixed(0)} requests/s, ${cpu.toFixed(1)} ms CPU each; RSS ${((peak - baseline) / MiB).toFixed(0)} MiB ` +
      `above ${(baseline / MiB).toFixed(0)} at most, for ${LIMIT / MiB} MiB`,
  );
  await engine.close();
}
