import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import {
  type BatchWorker,
  type SubmitOptions,
  startWorker,
  submitBatch,
  type WorkerOptions,
} from '../../src/distributed/index.ts';
import { jsonl } from '../cli/cli.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { rejection, until } from '../support/outcome.ts';
import { findServer, RedisServer } from './redis-server.ts';

const WORKER = new URL('fixtures/worker.ts', import.meta.url).pathname;
const server = findServer();

if (server === undefined) {
  // CI always runs them.
  if (process.env.CI) throw new Error('There is no redis-server for the tests of the distributed queue');
  console.warn(
    'The tests of the distributed queue DID NOT RUN: there is no redis-server or valkey-server on the PATH.',
  );
} else describeDistributed(server);

function describeDistributed(path: string): void {
  describe('a distributed batch', function () {
    this.timeout(180_000);
    const redis = new RedisServer(path);
    const children = new Set<ChildProcess>();
    const workers = new Set<BatchWorker>();
    let folder = '';
    let queues = 0;
    let queue = '';
    const at = (name: string): string => join(folder, name);
    const read = (name: string): Promise<string> => readFile(at(name), 'utf8');

    before(() => redis.start());
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-distributed-'));
      queue = `test-${++queues}`;
      await writeFile(at('echo.wasm'), await echo());
    });
    afterEach(async () => {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all([...workers].map((worker) => worker.drain()));
      children.clear();
      workers.clear();
      await rm(folder, { recursive: true });
    });
    after(() => redis.stop());

    const records = (count: number, input: (index: number) => string): Promise<void> =>
      writeFile(
        at('in.jsonl'),
        Array.from(
          { length: count },
          (_, index) => `${JSON.stringify({ id: `r${index}`, input: input(index) })}\n`,
        ).join(''),
      );

    const submit = (options: Partial<SubmitOptions> = {}) =>
      submitBatch({
        redis: redis.url,
        queue,
        plugins: { echo: { component: at('echo.wasm') } },
        plugin: 'echo',
        input: at('in.jsonl'),
        output: at('out.jsonl'),
        chunkRecords: 50,
        maxChunks: 8,
        ...options,
      });

    const work = async (options: WorkerOptions = {}): Promise<BatchWorker> => {
      const worker = await startWorker({
        redis: redis.url,
        queue,
        engine: { threads: 1, cacheDirectory: at('.cache') },
        lockMs: 1000,
        ...options,
      });
      workers.add(worker);
      return worker;
    };

    /** A worker in a process of its own, once it is ready. */
    const start = async (
      options: WorkerOptions = {},
    ): Promise<{ readonly child: ChildProcess; readonly said: string[] }> => {
      const all = {
        redis: redis.url,
        queue,
        engine: { threads: 1, cacheDirectory: at('.cache') },
        lockMs: 1000,
        checkpointMs: 20,
        ...options,
      };
      const args = ['--disable-warning=ExperimentalWarning', WORKER, JSON.stringify(all)];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      children.add(child);
      const said: string[] = [];
      child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(...text.split('\n')));
      await until(() => said.includes('ready'));
      return { child, said };
    };

    /** The output has every record once. */
    const assertComplete = async (
      count: number,
      order: 'in order' | 'in any order' = 'in any order',
    ): Promise<void> => {
      const results = jsonl(await read('out.jsonl'));
      const indexes = results.map(({ index }) => index);
      if (order === 'in any order') indexes.sort((a, b) => a - b);
      expect(indexes).to.deep.equal(Array.from({ length: count }, (_, index) => index));
      for (const { id, index } of results) expect(id).to.equal(`r${index}`);
    };

    it('has every record in its output, in order', async () => {
      await records(1000, (index) => (index % 10 === 0 ? 'fail' : `${index}`));
      await work();
      const summary = await submit({ ordered: true, deadLetter: at('dead.jsonl') });
      expect(summary).to.deep.include({ records: 1000, succeeded: 900, refused: 100, failed: 0 });
      await assertComplete(1000, 'in order');
      expect(jsonl(await read('dead.jsonl')).length).to.equal(100);
      const client = new Redis(redis.url);
      // Nothing stays but the component, and what dashboards show of the last jobs.
      const left = (await client.keys(`wasm-plugin-pool:${queue}:*`)).filter((key) => !key.includes(':component:'));
      client.disconnect();
      expect(left).to.deep.equal([]);
    });

    it('carries errors, malformed lines and the plugins that records name', async () => {
      const lines = [{ input: 'a' }, { plugin: 'hostile', input: 'unreachable' }, { plugin: 'nobody', input: 'b' }].map(
        (record) => JSON.stringify(record),
      );
      await writeFile(at('in.jsonl'), `${lines.join('\n')}\nnonsense\n`);
      await work();
      const plugins = {
        echo: { component: at('echo.wasm'), config: { prefix: '>' } },
        hostile: { component: await hostile() },
      };
      const summary = await submit({ plugins, ordered: true, chain: ['echo'] });
      expect(summary).to.deep.include({ records: 4, succeeded: 1, failed: 3, malformed: 1 });
      expect(jsonl(await read('out.jsonl')).map(({ ok, output, error }) => (ok ? output : error.code))).to.deep.equal([
        '>>a',
        'ERR_TRAP',
        'ERR_PLUGIN_NOT_FOUND',
        'ERR_INVALID_ARGUMENT',
      ]);
    });

    it('loses nothing when a worker is killed in the middle of a chunk', async () => {
      await records(1200, (index) => (index % 2 === 0 ? 'burn 1' : `log begun-${index}`));
      const first = await start();
      const others = [await start(), await start()];
      let killed = 0;
      const progress = ({ done }: { readonly done: number }): void => {
        if (done > 200 && killed++ === 0) first.child.kill('SIGKILL');
      };
      const summary = await submit({ progressIntervalMs: 10, onProgress: progress });
      expect(summary).to.deep.include({ records: 1200, succeeded: 1200 });
      expect(killed).to.be.above(0);
      await assertComplete(1200);
      // From its checkpoint: of the chunks of the killed worker, only what was not in Redis yet has begun again.
      const begun = [first, ...others].flatMap(({ said }) => said.filter((line) => line.startsWith('log begun-')));
      expect(begun.length - new Set(begun).size).to.be.below(100);
    });

    it('survives a restart of Redis', async () => {
      await records(1500, () => 'burn 1');
      await start();
      await start();
      let restarted: Promise<void> | undefined;
      const restart = async (): Promise<void> => {
        await redis.kill();
        await new Promise((resolve) => setTimeout(resolve, 200));
        await redis.start();
      };
      const progress = ({ done }: { readonly done: number }): void => {
        if (done > 300) restarted ??= restart();
      };
      const summary = await submit({ progressIntervalMs: 10, onProgress: progress });
      await restarted;
      expect(restarted).not.to.equal(undefined);
      expect(summary).to.deep.include({ records: 1500, succeeded: 1500 });
      await assertComplete(1500);
    });

    it('gives its chunks back when a worker is asked to end', async () => {
      await records(600, () => 'burn 2');
      const { child, said } = await start({ chunks: 1, concurrency: 4 });
      const closed = once(child, 'exit');
      let asked = 0;
      let second: Promise<unknown> | undefined;
      const progress = ({ done }: { readonly done: number }): void => {
        if (done >= 50 && asked++ === 0) {
          child.kill('SIGTERM');
          second = closed.then(() => start());
        }
      };
      const summary = await submit({ chunkRecords: 200, maxChunks: 2, progressIntervalMs: 10, onProgress: progress });
      expect((await closed)[0]).to.equal(0);
      await second;
      expect(said.some((line) => line.startsWith('drained '))).to.equal(true);
      expect(summary.succeeded).to.equal(600);
      await assertComplete(600);
    });

    it('goes on where the one who submitted it left', async () => {
      await records(800, () => 'burn 1');
      await work();
      const controller = new AbortController();
      const onProgress = ({ done }: { readonly done: number }): void => {
        if (done >= 100) controller.abort();
      };
      const first = await submit({ interrupt: controller.signal, progressIntervalMs: 5, onProgress, ordered: true });
      expect(first.interrupted).to.equal(true);
      expect(first.records).to.be.below(800);
      const summary = await submit({ resume: true, ordered: true });
      expect(summary).to.deep.include({ records: 800, succeeded: 800, resumed: first.records });
      await assertComplete(800, 'in order');
    });

    it('reads no further ahead than its chunks', async () => {
      await records(2000, () => 'a');
      const submitted = submit({ maxChunks: 3 });
      const jobs = new Queue(queue, { connection: { url: redis.url } });
      const waiting = async (): Promise<number> => (await jobs.getWaitingCount()) + (await jobs.getActiveCount());
      while ((await waiting()) < 3) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await waiting()).to.equal(3);
      await work();
      expect((await submitted).succeeded).to.equal(2000);
      await jobs.close();
    });

    it('runs what is more urgent first', async () => {
      await records(200, () => 'burn 1');
      await writeFile(at('urgent.jsonl'), '{"input":"log urgent"}\n');
      const slow = submit({ priority: 10, chunkRecords: 10, maxChunks: 20 });
      const jobs = new Queue(queue, { connection: { url: redis.url } });
      while ((await jobs.getPrioritizedCount()) < 20) await new Promise((resolve) => setTimeout(resolve, 5));
      const urgent = submit({ priority: 1, input: at('urgent.jsonl'), output: at('urgent-out.jsonl') });
      while ((await jobs.getPrioritizedCount()) < 21) await new Promise((resolve) => setTimeout(resolve, 5));
      await jobs.close();
      await work({ chunks: 1 });
      expect(await Promise.race([slow.then(() => 'slow'), urgent.then(() => 'urgent')])).to.equal('urgent');
      await slow;
    });

    it('keeps a tenant to its rate', async () => {
      await records(300, () => 'a');
      await work({ tenantRates: { acme: 200 } });
      const startedAt = performance.now();
      const other = await submit({ output: at('other.jsonl') });
      const unlimited = performance.now() - startedAt;
      const limitedAt = performance.now();
      await submit({ tenant: 'acme' });
      const limited = performance.now() - limitedAt;
      expect(other.succeeded).to.equal(300);
      // 200 at once, the other 100 in half a second; chunks of 50 may overdraw.
      expect(limited).to.be.above(200);
      expect(limited).to.be.above(unlimited / 10);
    });

    it('refuses a component that is not what its hash says', async () => {
      await records(10, () => 'a');
      const submitted = submit();
      const client = new Redis(redis.url);
      const find = async (): Promise<string | undefined> =>
        (await client.keys(`wasm-plugin-pool:${queue}:component:*`))[0];
      let key = await find();
      while (key === undefined) key = await find();
      const good = await client.getBuffer(key);
      await client.set(key, Buffer.concat([good!, Buffer.of(0)]));
      await work();
      const jobs = new Queue(queue, { connection: { url: redis.url } });
      while ((await jobs.getDelayedCount()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const [job] = await jobs.getDelayed();
      expect(job!.failedReason).to.match(/is another one: its SHA-256 is/);
      // Mended, the chunk is tried again.
      await client.set(key, good!);
      expect((await submitted).succeeded).to.equal(10);
      client.disconnect();
      await jobs.close();
    });

    it('fails when the queue gives up', async () => {
      await records(10, () => 'a');
      await writeFile(at('echo.wasm'), 'no component');
      await work();
      const submitted = rejection(submit());
      const jobs = new Queue(queue, { connection: { url: redis.url } });
      // Not after all attempts: this one is told that it was the last.
      while ((await jobs.getDelayedCount()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const client = new Redis(redis.url);
      const [job] = await jobs.getDelayed();
      await client.hset(`bull:${queue}:${job!.id}`, 'opts', JSON.stringify({ ...job!.opts, attempts: 1 }));
      await job!.promote();
      const error = await submitted;
      expect([error.code, error.message.includes('gave up chunk 0')], error.message).to.deep.equal([
        'ERR_BATCH_QUEUE',
        true,
      ]);
      client.disconnect();
      await jobs.close();
    });
  });
}
