import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { BatchSummary } from '../../src/batch/file/tally.ts';
import type { Chunk } from '../../src/distributed/chunk.ts';
import {
  type BatchWorker,
  batchStatus,
  cancelBatch,
  listBatches,
  purgeBatch,
  type SubmitOptions,
  startWorker,
  submitBatch,
  type WorkerOptions,
} from '../../src/distributed/index.ts';
import { jobsName } from '../../src/distributed/redis.ts';
import { PluginEngine } from '../../src/engine.ts';
import { jsonl } from '../cli/cli.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { type Length, lengths } from '../support/lengths.ts';
import { rejection, until } from '../support/outcome.ts';
import { findServer, RedisServer } from './redis-server.ts';

/** Lets Redis be looked at again. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

const WORKER = new URL('fixtures/worker.ts', import.meta.url).pathname;
/** Ways to run the same lines. */
const WAYS: Readonly<
  Record<string, { readonly options: Omit<Partial<SubmitOptions>, 'onProgress'>; readonly length: Length }>
> = {
  'as they are': { options: {}, length: 'short' },
  'as plain lines': { options: { inputFormat: 'lines', outputFormat: 'lines' }, length: 'long' },
  'with options, a part of them': {
    options: { options: [['given', 'yes']], skip: 33, limit: 500 },
    length: 'long',
  },
  'along a chain': { options: { chain: ['other', 'echo'] }, length: 'long' },
  'with a deadline': { options: { deadlineMs: 1_000_000 }, length: 'long' },
  'with fields that the one who submits finds': { options: { fields: { input: 'input', id: false } }, length: 'long' },
};

/** Lines of all kinds, among many that are usual. */
async function writeOddLines(path: string, count: number): Promise<void> {
  const odd: readonly ((index: number) => string | Buffer)[] = [
    (index) => JSON.stringify({ id: `a${index}`, input: `x"\\\n\u0001é💥${index}` }),
    () => '  { "input" : "sp\\u00e9 \\ud83d\\ude00" , "x": [1,{"a":null}], "id":"q" } ',
    () => '{bad',
    () => '',
    () => Buffer.from([0x7b, 0xff]),
    () => JSON.stringify({ input: 'fail', own: [1, 2], options: {} }),
    () => JSON.stringify({ id: 'o', input: 'option', options: { k: 'v' } }),
    (index) => JSON.stringify({ id: `p${index}`, plugin: 'other', input: 'elsewhere' }),
    () => JSON.stringify({ id: 'n', plugin: 'nobody', input: 'nowhere' }),
    () => String.raw`{"id":"\ud800","input":"fail","more":"\udc00"}`,
    () => String.raw`{"plugin":"\ud800","input":"half a character"}`,
    () => JSON.stringify({ id: 7, input: 'x'.repeat(1_200_000) }),
  ];
  const lines = Array.from({ length: count }, (_, index) => {
    const usual = JSON.stringify({ id: `r${index}`, input: `some words of text ${index}` });
    return index % 7 === 0 && index / 7 < 100
      ? odd[(index / 7) % (index < 7 * odd.length ? odd.length : odd.length - 1)]!(index)
      : usual;
  });
  await writeFile(path, Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])));
}

/** Defines the tests of one length, or says why they do not run. */
export function describeDistributed(length: Length): void {
  const server = findServer();
  if (server === undefined && process.env.CI) {
    // CI always runs them. A test, because mocha hides what a file throws while it is loaded.
    describe('a distributed batch', () => {
      it('has a server to be tested against', () => {
        throw new Error('There is no redis-server or valkey-server on the PATH');
      });
    });
  } else if (server === undefined) {
    console.warn(
      'The tests of the distributed queue DID NOT RUN: there is no redis-server or valkey-server on the PATH.',
    );
  } else describeWith(server, length);
}

function describeWith(path: string, length: Length): void {
  const { short, long } = lengths(length);
  describe(`a distributed batch, ${length}`, function () {
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

    /** What Redis has of the chunks of a batch: their jobs, their lines, and what is done of them. */
    const keysOf = async (batch: string): Promise<string[]> => {
      const client = new Redis(redis.url);
      const jobs = await client.keys(`bull:${jobsName(queue)}:${batch}-*`);
      const results = await client.keys(`wasm-plugin-pool:${queue}:batch:${batch}:results:*`);
      const lines = await client.keys(`wasm-plugin-pool:${queue}:batch:${batch}:lines:*`);
      client.disconnect();
      return [...jobs, ...results, ...lines];
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

    short('has every record in its output, in order', async () => {
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

    for (const [name, { options, length }] of Object.entries(WAYS)) {
      (length === 'short' ? short : long)(`gives what a batch gives that runs here: ${name}`, async () => {
        await writeOddLines(at('in.jsonl'), 700);
        const engine = await PluginEngine.create({ threads: 1, cacheDirectory: at('.cache') });
        await engine.loadPlugin('echo', at('echo.wasm'));
        await engine.loadPlugin('other', at('echo.wasm'), { config: { prefix: '>' } });
        const files = (way: string) => ({
          input: at('in.jsonl'),
          output: at(`${way}.out`),
          deadLetter: at(`${way}.dead`),
        });
        const malformed: Record<string, number[]> = { here: [], there: [] };
        const heard = (way: string) => (line: number) => malformed[way]!.push(line);
        const how = { inputFormat: 'jsonl', outputFormat: 'jsonl', ordered: true, ...options } as const;
        const here = await engine.batchFiles({ plugin: 'echo', ...how, ...files('here'), onMalformed: heard('here') });
        await engine.close();
        await work({ checkpointMs: 5 });
        const plugins = {
          echo: { component: at('echo.wasm') },
          other: { component: at('echo.wasm'), config: { prefix: '>' } },
        };
        const there = await submit({ plugins, ...how, ...files('there'), onMalformed: heard('there') });
        const counts = ({ seconds: _, recordsPerSecond: __, plugins: ___, ...rest }: BatchSummary): object => rest;
        expect(counts(there)).to.deep.equal(counts(here));
        expect(await read('there.out')).to.equal(await read('here.out'));
        // Letters are in the order of their chunks, and of their pieces in these.
        const letters = async (way: string) => (await read(`${way}.dead`)).split('\n').sort();
        expect(await letters('there')).to.deep.equal(await letters('here'));
        for (const lines of Object.values(malformed)) lines.sort((a, b) => a - b);
        expect(malformed.there).to.deep.equal(malformed.here);
      });
    }

    short('carries errors, malformed lines and the plugins that records name', async () => {
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

    short('loses nothing when a worker is killed in the middle of a chunk', async () => {
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

    long('survives a restart of Redis', async () => {
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

    it('gives up what runs for longer than a worker that is asked to end has time', async () => {
      await records(3, (index) => (index === 1 ? 'burn 250000' : 'a'));
      const sandbox = { cpuTimeLimitMs: 300_000, wallTimeLimitMs: 300_000 };
      const worker = await work({ graceMs: 0, checkpointMs: 20, sandbox });
      const controller = new AbortController();
      const submitted = submit({ interrupt: controller.signal });
      // The record before it is done, so that it runs now.
      await until(() => worker.status().records > 0);
      await worker.drain();
      controller.abort();
      expect((await submitted).interrupted).to.equal(true);
    });

    long('gives its chunks back when a worker is asked to end', async () => {
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

    short('goes on where the one who submitted it left', async () => {
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

    long('reads no further ahead than its chunks', async () => {
      await records(2000, () => 'a');
      const submitted = submit({ maxChunks: 3 });
      const jobs = new Queue(jobsName(queue), { connection: { url: redis.url } });
      const waiting = async (): Promise<number> => (await jobs.getWaitingCount()) + (await jobs.getActiveCount());
      while ((await waiting()) < 3) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await waiting()).to.equal(3);
      await work();
      expect((await submitted).succeeded).to.equal(2000);
      await jobs.close();
    });

    long('runs short records by the hundred thousand', async () => {
      await writeFile(at('in.txt'), 'a\n'.repeat(200_000));
      await start();
      const summary = await submit({ input: at('in.txt'), output: at('out.txt'), chunkRecords: 200_000 });
      expect(summary).to.deep.include({ records: 200_000, succeeded: 200_000 });
      expect(await read('out.txt')).to.equal('a\n'.repeat(200_000));
    });

    short('says that nobody works, and leaves nothing of a completed chunk behind', async () => {
      await records(20, (index) => `${index}`);
      const troubles: string[] = [];
      const submitted = submit({ onTrouble: (what) => troubles.push(what) });
      await until(() => troubles.length > 0);
      expect(troubles).to.deep.equal([`No worker of this version is connected to the queue \`${queue}\``]);
      await start();
      expect((await submitted).succeeded).to.equal(20);
      const client = new Redis(redis.url);
      const left = async (): Promise<string[]> => client.keys(`bull:${jobsName(queue)}:*-*`);
      while ((await left()).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await client.keys(`wasm-plugin-pool:${queue}:*`)).to.deep.equal([]);
      client.disconnect();
    });

    short('says how a batch is, and how it ended for as long as it is to be kept', async () => {
      await records(120, (index) => `${index}`);
      let batch = '';
      const submitted = submit({ keepSeconds: 600, onSubmitted: (name) => (batch = name), tenant: 'acme' });
      const options = { redis: redis.url, queue };
      await until(() => batch !== '');
      while ((await batchStatus(batch, options)).chunks.waiting < 3) await nextTurn();
      expect(await listBatches(options)).to.have.lengthOf(1);
      const waiting = await batchStatus(batch, options);
      expect(waiting).to.deep.include({ batch, state: 'running', tenant: 'acme' });
      expect(waiting.chunks).to.deep.equal({ waiting: 3, active: 0, delayed: 0, failed: 0 });
      // The beginning of a name is none.
      expect(await purgeBatch(batch.slice(0, batch.lastIndexOf('-')), options)).to.equal(undefined);
      expect((await rejection(purgeBatch('', options))).code).to.equal('ERR_INVALID_ARGUMENT');
      expect((await batchStatus(batch, options)).chunks.waiting).to.equal(3);
      await work();
      await submitted;
      const done = await batchStatus(batch, options);
      expect(done).to.deep.include({ state: 'done', read: 120, succeeded: 120, refused: 0, failed: 0 });
      const client = new Redis(redis.url);
      const left = await client.keys(`wasm-plugin-pool:${queue}:*`);
      expect(left.sort()).to.deep.equal([
        `wasm-plugin-pool:${queue}:batch:${batch}`,
        `wasm-plugin-pool:${queue}:batches`,
      ]);
      for (const key of left) expect(await client.ttl(key), key).to.be.above(0);
      client.disconnect();
      await purgeBatch(batch, options);
      const error = await rejection(batchStatus(batch, options));
      expect([error.code, error.message]).to.deep.equal([
        'ERR_BATCH_QUEUE',
        `The queue \`${queue}\` knows no batch ${batch}`,
      ]);
      expect(await listBatches(options)).to.deep.equal([]);
    });

    for (const how of ['cancelled', 'purged'] as const) {
      const end = how === 'cancelled' ? cancelBatch : purgeBatch;

      short(`takes a batch out of the queue that is ${how}, and goes on with it where it is resumed`, async () => {
        await records(120, (index) => `${index}`);
        let batch = '';
        const submitted = rejection(submit({ onSubmitted: (name) => (batch = name) }));
        const options = { redis: redis.url, queue };
        await until(() => batch !== '');
        while ((await batchStatus(batch, options)).chunks.waiting < 3) await nextTurn();
        await end(batch, options);
        const error = await submitted;
        expect([error.code, error.message]).to.deep.equal(['ERR_BATCH_QUEUE', 'The batch was cancelled']);
        expect(await keysOf(batch)).to.deep.equal([]);
        await work();
        expect(await submit({ resume: true })).to.deep.include({ records: 120, succeeded: 120 });
        await assertComplete(120);
      });

      short(`leaves a record that runs, of a batch that is ${how}`, async () => {
        await records(60, (index) => (index === 1 ? 'burn 250000' : 'a'));
        const sandbox = { cpuTimeLimitMs: 300_000, wallTimeLimitMs: 300_000 };
        const worker = await work({ checkpointMs: 20, chunks: 1, sandbox });
        let batch = '';
        const submitted = rejection(submit({ onSubmitted: (name) => (batch = name) }));
        await until(() => worker.status().records > 0);
        await end(batch, { redis: redis.url, queue });
        expect((await submitted).message).to.equal('The batch was cancelled');
        // Of one that is cancelled, what is done stays for the run that goes on.
        const left = how === 'cancelled' ? 1 : 0;
        while ((await keysOf(batch)).length > left) await nextTurn();
        expect(worker.status().chunks).to.equal(0);
      });
    }

    short(
      'puts lines of a chunk there again that are lost, and takes them out of a batch that is cancelled',
      async () => {
        await records(40, (index) => `${index}`);
        const client = new Redis(redis.url);
        const lines = (): Promise<string[]> => client.keys(`wasm-plugin-pool:${queue}:batch:*:lines:*`);
        let batch = '';
        const submitted = rejection(submit({ chunkRecords: 20, onSubmitted: (name) => (batch = name) }));
        while ((await lines()).length < 2) await nextTurn();
        await cancelBatch(batch, { redis: redis.url, queue });
        expect(await lines()).to.deep.equal([]);
        expect((await submitted).message).to.contain('cancelled');
        const resumed = submit({ chunkRecords: 20, resume: true });
        let found: string[] = [];
        while (found.length < 2) {
          await nextTurn();
          found = await lines();
        }
        await client.del(found[0]!);
        await work();
        expect(await resumed).to.deep.include({ records: 40, succeeded: 40 });
        await assertComplete(40);
        expect(await lines()).to.deep.equal([]);
        client.disconnect();
      },
    );

    short('does not believe what somebody else writes into Redis', async () => {
      await records(20, (index) => `${index}`);
      const client = new Redis(redis.url);
      const submitted = rejection(submit({ chunkRecords: 20 }));
      let key: string | undefined;
      while (key === undefined) {
        [key] = await client.keys(`bull:${jobsName(queue)}:*-0`);
        if (key === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const batch = key.slice(`bull:${jobsName(queue)}:`.length, -2);
      const prefix = `wasm-plugin-pool:${queue}:batch:${batch}`;
      await client.hset(`${prefix}:results:0`, '0+20', '{"response":{}}');
      await client.rpush(`${prefix}:finished`, 0);
      const error = await submitted;
      client.disconnect();
      expect([error.code, error.message]).to.deep.equal([
        'ERR_BATCH_QUEUE',
        'Redis has results of records 0 to 19 that are none',
      ]);
      expect(await read('out.jsonl')).to.equal('');
    });

    short('gives up what no worker can run at its first try', async () => {
      await records(20, (index) => `${index}`);
      const forgeries: readonly ((chunk: Chunk) => object)[] = [
        ({ recipe }) => ({ recipe: { ...recipe, retry: { ...recipe.retry, attempts: 0 } } }),
        ({ recipe }) => ({ recipe: { ...recipe, retry: { ...recipe.retry, backoffMs: 2 ** 40 } } }),
        ({ recipe }) => ({ recipe: { ...recipe, deadlineMs: 0 } }),
        ({ recipe }) => ({ recipe: { ...recipe, plugins: [{ ...recipe.plugins[0], config: { mask: '\ud800' } }] } }),
        () => ({ form: 99 }),
      ];
      const jobs = new Queue(jobsName(queue), { connection: { url: redis.url } });
      try {
        const outputs = forgeries.map((_, way) => at(`${way}.jsonl`));
        const submitted = outputs.map((output) => rejection(submit({ chunkRecords: 20, output })));
        while ((await jobs.getWaitingCount()) < forgeries.length) await nextTurn();
        const forged = await jobs.getWaiting();
        for (const [way, job] of forged.entries()) {
          await job.updateData({ ...job.data, ...forgeries[way]!(job.data) });
        }
        await work();
        for (const { code, message } of await Promise.all(submitted)) {
          expect(code).to.equal('ERR_BATCH_QUEUE');
          expect(message).to.match(/^The queue gave up chunk 0: /);
        }
        for (const { id } of forged) expect((await jobs.getJob(id!))!.attemptsMade).to.equal(1);
      } finally {
        await jobs.close();
      }
    });

    short('leaves the chunks of other versions to their workers, and still cancels them', async () => {
      const client = new Redis(redis.url);
      const batch = `wasm-plugin-pool:${queue}:batch:later`;
      await client.hset(batch, { state: 'open', tenant: 'acme', form: 99, since: 0, seen: 0 });
      const theirs = new Queue(jobsName(queue, 99), { connection: { url: redis.url } });
      await theirs.add('chunk', { form: 99 }, { jobId: 'later-0' });
      await work();
      await records(20, (index) => `${index}`);
      expect((await submit()).succeeded).to.equal(20);
      expect(await theirs.getWaitingCount()).to.equal(1);
      const { chunks } = await cancelBatch('later', { redis: redis.url, queue });
      expect([chunks.waiting, await theirs.getWaitingCount()]).to.deep.equal([1, 0]);
      await theirs.close();
      // To look is not to leave something there.
      await client.hset(batch, { form: 98 });
      expect(await listBatches({ redis: redis.url, queue })).to.deep.equal([]);
      await batchStatus('later', { redis: redis.url, queue });
      expect(await client.keys(`bull:${jobsName(queue, 98)}:*`)).to.deep.equal([]);
      client.disconnect();
    });

    short('runs what is more urgent first', async () => {
      await records(200, () => 'burn 1');
      await writeFile(at('urgent.jsonl'), '{"input":"log urgent"}\n');
      const slow = submit({ priority: 10, chunkRecords: 10, maxChunks: 20 });
      const jobs = new Queue(jobsName(queue), { connection: { url: redis.url } });
      while ((await jobs.getPrioritizedCount()) < 20) await new Promise((resolve) => setTimeout(resolve, 5));
      const urgent = submit({ priority: 1, input: at('urgent.jsonl'), output: at('urgent-out.jsonl') });
      while ((await jobs.getPrioritizedCount()) < 21) await new Promise((resolve) => setTimeout(resolve, 5));
      await jobs.close();
      await work({ chunks: 1 });
      expect(await Promise.race([slow.then(() => 'slow'), urgent.then(() => 'urgent')])).to.equal('urgent');
      await slow;
    });

    short('keeps a tenant to its rate', async () => {
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

    short('refuses a component that is not what its hash says', async () => {
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
      const jobs = new Queue(jobsName(queue), { connection: { url: redis.url } });
      while ((await jobs.getDelayedCount()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const [job] = await jobs.getDelayed();
      expect(job!.failedReason).to.match(/is another one: its SHA-256 is/);
      // Mended, the chunk is tried again.
      await client.set(key, good!);
      expect((await submitted).succeeded).to.equal(10);
      client.disconnect();
      await jobs.close();
    });

    long('fails when a chunk cannot run, and goes on when that is mended', async () => {
      await records(100, (index) => `${index}`);
      await writeFile(at('policy.wasm'), 'no component');
      const heard: string[] = [];
      await work({ onTrouble: (what) => heard.push(what) });
      const plugins = { echo: { component: at('echo.wasm') }, policy: { component: at('policy.wasm') } };
      const error = await rejection(submit({ plugins }));
      expect(error.code).to.equal('ERR_BATCH_QUEUE');
      expect(error.message).to.match(/^The queue gave up chunk \d+: ERR_NOT_A_COMPONENT: /);
      expect(heard.join('\n')).to.match(/^Chunk \d+ failed: ERR_NOT_A_COMPONENT: /);
      // The same batch again: what has failed is tried anew, and fails anew.
      const again = await rejection(submit({ plugins, resume: true }));
      expect([again.code, again.message.includes('ERR_NOT_A_COMPONENT')]).to.deep.equal(['ERR_BATCH_QUEUE', true]);
      // Which is said once a minute.
      expect(heard).to.have.length(1);
    });

    long('runs again what Redis has forgotten', async () => {
      await records(400, () => 'burn 1');
      await start();
      const client = new Redis(redis.url);
      let forgotten: Promise<unknown> | undefined;
      const onProgress = ({ done }: { readonly done: number }): void => {
        if (done >= 100) forgotten ??= client.flushall();
      };
      const summary = await submit({ progressIntervalMs: 5, onProgress });
      expect(forgotten).not.to.equal(undefined);
      client.disconnect();
      expect(summary).to.deep.include({ records: 400, succeeded: 400 });
      await assertComplete(400);
    });

    long('has every record once when a worker is killed and Redis restarted at the same moment', async () => {
      await records(2000, (index) => (index % 2 === 0 ? 'burn 1' : `log begun-${index}`));
      const killed = await start();
      await start();
      await start();
      let disaster: Promise<void> | undefined;
      const strike = async (): Promise<void> => {
        killed.child.kill('SIGKILL');
        await redis.kill();
        await redis.start();
        await start();
      };
      const onProgress = ({ done }: { readonly done: number }): void => {
        if (done > 400) disaster ??= strike();
      };
      const summary = await submit({ deadLetter: at('dead.jsonl'), progressIntervalMs: 10, onProgress });
      expect(disaster).not.to.equal(undefined);
      await disaster;
      expect(summary).to.deep.include({ records: 2000, succeeded: 2000 });
      await assertComplete(2000);
      expect(await read('dead.jsonl')).to.equal('');
    });

    long('lets no record begin twice at most once, whoever dies', async () => {
      await records(1500, (index) => (index % 2 === 0 ? 'burn 1' : `log begun-${index}`));
      const first = await start({ concurrency: 16 });
      const others = [await start({ concurrency: 16 })];
      let disaster: Promise<void> | undefined;
      const strike = async (): Promise<void> => {
        first.child.kill('SIGKILL');
        await redis.kill();
        await redis.start();
        others.push(await start({ concurrency: 16 }));
      };
      const onProgress = ({ done }: { readonly done: number }): void => {
        if (done > 300) disaster ??= strike();
      };
      const options = { atMostOnce: true, ordered: true, deadLetter: at('dead.jsonl') };
      const summary = await submit({ ...options, progressIntervalMs: 10, onProgress });
      await disaster;
      expect(disaster).not.to.equal(undefined);
      expect(summary.errors).to.deep.equal({ ERR_WORKER_CRASHED: summary.failed });
      expect(summary.failed).to.be.within(1, 600);
      expect(summary.succeeded + summary.failed).to.equal(1500);
      await assertComplete(1500, 'in order');
      const begun = [first, ...others].flatMap(({ said }) => said.filter((line) => line.startsWith('log begun-')));
      expect(begun.length).to.equal(new Set(begun).size);
      const lost = jsonl(await read('dead.jsonl'));
      expect(lost.map(({ error }) => error.code)).to.deep.equal(lost.map(() => 'ERR_WORKER_CRASHED'));
      expect(lost.length).to.equal(summary.failed);

      // The letters run when somebody says so.
      const { atMostOnce: _, ...plain } = options;
      const retried = await submit({ ...plain, retryDeadLetters: true });
      expect(retried).to.deep.include({ records: 1500, succeeded: 1500, failed: 0 });
      await assertComplete(1500, 'in order');
      expect(await read('dead.jsonl')).to.equal('');
    });

    long('loses only what a killed worker was at, at most once', async () => {
      await records(600, (index) => (index % 2 === 0 ? 'burn 1' : `log begun-${index}`));
      const first = await start({ concurrency: 8, chunks: 1 });
      const onProgress = ({ done }: { readonly done: number }): void => {
        if (done > 100 && first.child.exitCode === null) first.child.kill('SIGKILL');
      };
      const submitted = submit({ atMostOnce: true, progressIntervalMs: 5, onProgress });
      await once(first.child, 'exit');
      const second = await start({ concurrency: 8, chunks: 1 });
      const summary = await submitted;
      await assertComplete(600);
      // Those in flight, and those done after the last checkpoint.
      expect(summary.failed).to.be.at.most(50);
      expect(summary.errors).to.deep.equal(summary.failed === 0 ? {} : { ERR_WORKER_CRASHED: summary.failed });
      const begun = [first, second].flatMap(({ said }) => said.filter((line) => line.startsWith('log begun-')));
      expect(begun.length).to.equal(new Set(begun).size);
    });

    long('goes on at most once where the one who submitted it left', async () => {
      await records(800, (index) => (index % 2 === 0 ? 'burn 1' : `log begun-${index}`));
      const worker = await start();
      const controller = new AbortController();
      const onProgress = ({ done }: { readonly done: number }): void => {
        if (done >= 100) controller.abort();
      };
      const options = { atMostOnce: true, progressIntervalMs: 5 };
      const first = await submit({ ...options, interrupt: controller.signal, onProgress });
      expect(first.interrupted).to.equal(true);
      const summary = await submit({ ...options, resume: true });
      expect(summary).to.deep.include({ records: 800, succeeded: 800, resumed: first.records });
      await assertComplete(800);
      const begun = worker.said.filter((line) => line.startsWith('log begun-'));
      expect([begun.length, new Set(begun).size]).to.deep.equal([400, 400]);
    });

    long('runs dead letters again, with the chain', async () => {
      await records(300, (index) => (index % 3 === 0 ? 'fail' : `${index}`));
      await work();
      const options = { ordered: true, deadLetter: at('dead.jsonl'), chain: ['echo'] };
      const config = { echo: { component: at('echo.wasm'), config: { prefix: '>' } } };
      expect((await submit({ ...options, plugins: config })).refused).to.equal(100);
      // Mended by hand: half of them have other input now.
      const letters = jsonl(await read('dead.jsonl')).map((letter, at) => ({
        ...letter,
        input: at % 2 === 0 ? `mended ${letter.index}` : letter.input,
      }));
      await writeFile(at('dead.jsonl'), letters.map((letter) => `${JSON.stringify(letter)}\n`).join(''));
      const retried = await submit({ ...options, plugins: config, retryDeadLetters: true });
      expect(retried).to.deep.include({ records: 300, succeeded: 250, refused: 50 });
      await assertComplete(300, 'in order');
      const lines = jsonl(await read('out.jsonl'));
      expect(lines[0].output).to.equal('>>mended 0');
      const still = jsonl(await read('dead.jsonl'));
      expect(still.map(({ attempts }) => attempts)).to.deep.equal(still.map(() => 2));
      expect(still.length).to.equal(50);
    });

    short('takes two batches on one queue, each its own', async () => {
      await records(500, (index) => `${index}`);
      await work();
      const one = submit({ output: at('one.jsonl'), ordered: true });
      const config = { echo: { component: at('echo.wasm'), config: { prefix: '>' } } };
      const two = submit({ output: at('two.jsonl'), ordered: true, plugins: config });
      expect([(await one).succeeded, (await two).succeeded]).to.deep.equal([500, 500]);
      expect(jsonl(await read('one.jsonl')).map(({ output }) => output)).to.deep.equal(
        Array.from({ length: 500 }, (_, index) => `${index}`),
      );
      expect(jsonl(await read('two.jsonl')).map(({ output }) => output)).to.deep.equal(
        Array.from({ length: 500 }, (_, index) => `>${index}`),
      );
    });

    long('has every record once when a worker stalls, and wakes up when another has its chunk', async () => {
      await records(400, () => 'burn 1');
      const first = await start({ lockMs: 300 });
      let stalled = false;
      const onProgress = ({ done }: { readonly done: number }): void => {
        if (done < 50 || stalled) return;
        stalled = true;
        first.child.kill('SIGSTOP');
        void start({ lockMs: 300 }).then(async () => {
          // Until the other has taken over what it had.
          const jobs = new Queue(jobsName(queue), { connection: { url: redis.url } });
          while ((await jobs.getActive()).every(({ stalledCounter }) => stalledCounter === 0)) {
            await new Promise((resolve) => setTimeout(resolve, 10));
          }
          first.child.kill('SIGCONT');
          await jobs.close();
        });
      };
      const summary = await submit({ progressIntervalMs: 5, onProgress });
      expect(summary).to.deep.include({ records: 400, succeeded: 400 });
      expect(stalled).to.equal(true);
      await assertComplete(400);
    });

    long('says at once, or within seconds, that there is no queue', async () => {
      await records(1, () => 'a');
      const refused = [{ redis: 'nonsense' }, { redis: 'http://127.0.0.1' }, { queue: 'a:b' }, { queue: '' }];
      for (const options of refused) {
        expect((await rejection(submit(options))).code).to.equal('ERR_INVALID_ARGUMENT');
        expect((await rejection(startWorker(options))).code).to.equal('ERR_INVALID_ARGUMENT');
      }
      const nobody = { redis: 'redis://user:secret@127.0.0.1:1' };
      for (const error of await Promise.all([rejection(submit(nobody)), rejection(startWorker(nobody))])) {
        expect([error.code, error.message]).to.deep.equal([
          'ERR_BATCH_QUEUE',
          'Redis at 127.0.0.1:1 did not answer within 5000 ms: connect ECONNREFUSED 127.0.0.1:1',
        ]);
      }
    });

    long('ends without Redis when it is asked to', async () => {
      await records(2000, () => 'burn 1');
      const { child } = await start();
      const controller = new AbortController();
      let gone: Promise<void> | undefined;
      const onProgress = ({ done }: { readonly done: number }): void => {
        if (done >= 100) gone ??= redis.kill();
      };
      const submitted = submit({ interrupt: controller.signal, progressIntervalMs: 5, onProgress });
      await until(() => gone !== undefined);
      await gone;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      controller.abort();
      const first = await submitted;
      expect([first.interrupted, (await exited)[0]]).to.deep.equal([true, 0]);
      await redis.start();
      await start();
      expect((await submit({ resume: true })).succeeded).to.equal(2000);
      await assertComplete(2000);
    });
  });
}
