/**
 * Requests that each wait 10 ms for a function of the main thread, all on one thread at a time:
 * `node bench/concurrency.ts`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { PluginEngine } from '../src/index.ts';
import { waitingComponent } from '../test/fixtures/waiting-component.ts';

const ROUNDS = 5;
const REQUESTS = 1000;
const WAIT_MS = 10;

const engine = await PluginEngine.create({ threads: 1 });
const bytes = await waitingComponent();
for (const concurrency of [1, 10, 100, 1000]) {
  const name = `at ${concurrency}`;
  await engine.loadPlugin(name, bytes, {
    world: 'any',
    sandbox: { concurrency },
    imports: { 'acme:store/kv': { get: (key: number) => delay(WAIT_MS, key) } },
  });
  const requests = concurrency === 1 ? 20 : REQUESTS;
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await Promise.all(Array.from({ length: requests }, (_, key) => engine.call(name, 'run', [key])));
    least = Math.min(least, performance.now() - start);
  }
  console.log(
    `concurrency ${String(concurrency).padEnd(4)} ${requests} requests that wait ${WAIT_MS} ms: ${least.toFixed(1)} ms`,
  );
}
await engine.close();
