/**
 * What routing costs, in CPU time, which other work on the machine does not change much: the hash of an id by its length,
 * and a request to a plugin with one version, with a canary, and with a canary that thresholds watch; medians of
 * interleaved rounds. `node bench/routing.ts [--quick]`
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { PluginEngine } from '../src/index.ts';
import { requestHash } from '../src/registry/request-hash.ts';
import { closedLoop } from './lib/closed-loop.ts';
import { median } from './lib/stats.ts';

const ROUNDS = 7;
const MILLISECONDS = process.argv.includes('--quick') ? 300 : 1500;
const THREADS = 2;
const HASHES = 2_000_000;
const IDS = 4096;

const kinds = {
  'r-1234': Array.from({ length: IDS }, (_, index) => `r-${index}`),
  'a UUID': Array.from({ length: IDS }, () => randomUUID()),
  '200 characters': Array.from({ length: IDS }, (_, index) => `${index}`.padStart(200, 'x')),
};
for (const [kind, ids] of Object.entries(kinds)) {
  const times: number[] = [];
  let below = 0;
  for (let round = -1; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    for (let i = 0; i < HASHES; i++) if (requestHash(ids[i % IDS]!, 7) < 429_496_730) below++;
    if (round >= 0) times.push((process.cpuUsage(start).user / HASHES) * 1000);
  }
  const share = (below / HASHES / (ROUNDS + 1)) * 100;
  console.log(`hash of ${kind}: ${median(times).toFixed(0)} ns (${share.toFixed(1)} % below a tenth)`);
}

const component = fileURLToPath(new URL('../examples/plugins/redact/redact.wasm', import.meta.url));
const engine = await PluginEngine.create({ threads: THREADS });
const names = ['one version', 'a canary', 'a canary with thresholds'] as const;
for (const name of names) {
  await engine.loadPlugin(name, component, { version: '1' });
  if (name === 'one version') continue;
  await engine.versions(name).load(component, { version: '2' });
  // A risk so small that the trial goes on for as long as it is measured.
  const decide = { maxErrorRateIncrease: 0, maxP99Ratio: 1e6, confidence: 0.999999 };
  engine.versions(name).deployCanary('2', 10, name === 'a canary' ? {} : { decide });
}

/** CPU time of all threads, in microseconds. */
const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

let requests = 0;
for (const callers of [64, 1024]) {
  const costs = names.map((): number[] => []);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [index, name] of names.entries()) {
      const [first, start] = [requests, cpu()];
      const call = () => engine.process(name, { input: 'sixteen bytes ok' }, { requestId: `request-${requests++}` });
      await closedLoop(callers, round < 0 ? MILLISECONDS / 3 : MILLISECONDS, call);
      if (round >= 0) costs[index]!.push((cpu() - start) / (requests - first));
    }
  }
  const [plain = []] = costs;
  const shown = names.map((name, index) => {
    const more = median(costs[index]!.map((cost, round) => cost - plain[round]!));
    return `${name} ${median(costs[index]!).toFixed(1)} µs (${more >= 0 ? '+' : ''}${more.toFixed(1)})`;
  });
  console.log(`a request with ${callers} callers: ${shown.join(', ')}`);
}
await engine.close();
