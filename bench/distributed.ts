/**
 * The throughput of a distributed batch with 1, 2 and 4 worker processes beside a Redis on this machine, what Redis
 * does for it, and what a record costs the one who submits. Needs a redis-server: `node bench/distributed.ts [--quick]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { submitBatch } from '../src/distributed/index.ts';
import { findServer, RedisServer } from '../test/distributed/redis-server.ts';
import { median } from './lib/stats.ts';
import { writeRecords } from './work/records.ts';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 1 : 3;
const RECORDS = quick ? 50_000 : 200_000;

const component = fileURLToPath(new URL('../examples/plugins/redact/redact.wasm', import.meta.url));
const script = fileURLToPath(new URL('distributed/worker.ts', import.meta.url));
const server = findServer();
if (server === undefined) throw new Error('There is no redis-server on the PATH');

const redis = new RedisServer(server);
const folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-bench-'));
await redis.start();
const client = new Redis(redis.url);
try {
  const input = join(folder, 'in.jsonl');
  await writeRecords(input, RECORDS);
  console.log(`${RECORDS} records of 100 bytes, chunks of 1000, ${availableParallelism()} processors`);
  for (const count of [1, 2, 4]) {
    const queue = `bench-${count}`;
    const workers = Array.from({ length: count }, () =>
      spawn(process.execPath, [script, redis.url, queue], { stdio: ['ignore', 'pipe', 'inherit'] }),
    );
    await Promise.all(workers.map(({ stdout }) => once(stdout, 'data')));
    const rates: number[] = [];
    const commands: number[] = [];
    const cpu: number[] = [];
    const own: number[] = [];
    for (let round = -1; round < ROUNDS; round++) {
      const output = join(folder, `out-${round}.jsonl`);
      const before = await counters();
      const start = process.cpuUsage();
      const { recordsPerSecond } = await submitBatch({
        redis: redis.url,
        queue,
        plugins: { redact: { component } },
        plugin: 'redact',
        input,
        output,
      });
      const { user, system } = process.cpuUsage(start);
      const after = await counters();
      await rm(output);
      // The first one loads the plugin.
      if (round < 0) continue;
      own.push((user + system) / RECORDS);
      rates.push(recordsPerSecond);
      commands.push((after.commands - before.commands) / (RECORDS / 1000));
      cpu.push(((after.cpuSeconds - before.cpuSeconds) * 1000) / (RECORDS / 1000));
    }
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    console.log(
      `${count} workers: ${Math.round(median(rates))} records/s, ${median(commands).toFixed(0)} commands and ${median(cpu).toFixed(2)} ms of Redis's CPU time a chunk, ${median(own).toFixed(2)} µs a record for the one who submits`,
    );
  }
  const memory = /used_memory_peak:(\d+)/.exec(await client.info('memory'))![1];
  console.log(`Redis took ${Math.round(Number(memory) / 2 ** 20)} MiB at the most`);
} finally {
  client.disconnect();
  await redis.stop();
  await rm(folder, { recursive: true });
}

async function counters(): Promise<{ readonly commands: number; readonly cpuSeconds: number }> {
  const [stats, cpu] = await Promise.all([client.info('stats'), client.info('cpu')]);
  const number = (text: string, key: string): number => Number(new RegExp(`${key}:([\\d.]+)`).exec(text)![1]);
  return {
    commands: number(stats, 'total_commands_processed'),
    cpuSeconds: number(cpu, 'used_cpu_user') + number(cpu, 'used_cpu_sys'),
  };
}
