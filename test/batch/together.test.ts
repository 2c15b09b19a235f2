import { expect } from 'chai';
import { Attempts } from '../../src/batch/attempts.ts';
import { Flight } from '../../src/batch/flight.ts';
import { type BatchRequest, resolveBatchOptions } from '../../src/batch/options.ts';
import type { BatchResult } from '../../src/index.ts';
import type { Abortable } from '../../src/request/abort.ts';
import type { ProcessOptions } from '../../src/request/process-options.ts';
import type { JobListener } from '../../src/scheduler/job.ts';
import { witness } from '../engine/fixtures/witness.ts';
import { echo } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';

async function all(items: AsyncIterable<BatchResult>): Promise<BatchResult[]> {
  const list: BatchResult[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const shown = (result: BatchResult): string => (result.ok ? (result.errorMessage ?? result.output) : result.error.code);

describe('records of a batch that begin together', function () {
  this.timeout(120_000);
  after(closeEngines);

  it('travel together, by plugin and deadline; few go by themselves', async () => {
    const sent: { plugin: string; inputs: string[]; deadlineMs: number | undefined }[] = [];
    const settled: Flight<BatchRequest>[] = [];
    const nothing: Abortable = { aborted() {} };
    const note = (plugin: string, inputs: string[], { deadlineMs }: ProcessOptions): void => {
      sent.push({ plugin, inputs, deadlineMs });
    };
    const attempts = new Attempts<BatchRequest>(
      resolveBatchOptions({ plugin: 'a' }),
      (plugin, { input }, options, listener) => {
        note(plugin, [input], options);
        listener.resolve({ output: '', success: true });
        return nothing;
      },
      (flight) => settled.push(flight),
      (plugin, requests, options, listeners: readonly JobListener[]) => {
        note(
          plugin,
          requests.map(({ input }) => input),
          options,
        );
        for (const listener of listeners) listener.resolve({ output: '', success: true });
        return nothing;
      },
    );
    const now = performance.now();
    for (let index = 0; index < 13; index++) {
      const record = {
        input: `${index}`,
        ...(index % 3 === 0 && { plugin: 'b' }),
        ...(index === 1 && { plugin: 'c' }),
      };
      attempts.begin(new Flight(attempts, index, record, index % 3 === 2 ? now + 1_000_000 : undefined));
    }
    expect(sent).to.deep.equal([]);
    await new Promise((resolve) => process.nextTick(resolve));
    expect(sent.map(({ plugin, inputs }) => [plugin, inputs.join()])).to.deep.equal([
      ['b', '0,3,6,9,12'],
      ['c', '1'],
      ['a', '2,5,8,11'],
      ['a', '4'],
      ['a', '7'],
      ['a', '10'],
    ]);
    const deadlines = sent.map(({ deadlineMs }) => deadlineMs !== undefined && deadlineMs > 900_000);
    expect(deadlines).to.deep.equal([false, false, true, false, false, false]);
    expect(settled.length).to.equal(13);
  });

  it('have the ends that they have by themselves: chains, plugins of their own, options, traps, refusals', async () => {
    const engine = await createEngine();
    await engine.loadPlugin('a', await echo(), { config: { prefix: 'a(' } });
    await engine.loadPlugin('b', await echo(), { config: { prefix: 'b(' } });
    await engine.loadPlugin('witness', await witness());
    const records: BatchRequest[] = Array.from({ length: 600 }, (_, index) => {
      const id = `r${index}`;
      if (index % 50 === 7) return { id, plugin: 'witness', input: `t-${index}` };
      if (index % 50 === 8) return { id, input: 7 as unknown as string };
      if (index % 50 === 9) return { id, plugin: 'nobody', input: 'x' };
      if (index % 3 === 0) return { id, plugin: 'b', input: 'option', options: [['k', `${index}`]] };
      return { id, input: `é💥 ${index}` };
    });
    const how = { plugin: 'a', chain: ['b', 'a'], ordered: true, deadlineMs: 1_000_000 } as const;
    const together = await all(engine.batch(records, { ...how, concurrency: 200 }));
    const alone = await all(engine.batch(records, { ...how, concurrency: 2 }));
    expect(together.map(({ index, id }) => [index, id])).to.deep.equal(records.map(({ id }, index) => [index, id]));
    expect(together.map(shown)).to.deep.equal(alone.map(shown));
    const began = (result: BatchResult): unknown => (result.ok ? undefined : [result.error.plugin, result.error.began]);
    expect(together.map(began)).to.deep.equal(alone.map(began));
  });

  it('begin once each, whoever of them is killed', async () => {
    const engine = await createEngine({ threads: 2 });
    const begun = new Map<string, number>();
    engine.on('plugin:event', ({ type }) => begun.set(type, (begun.get(type) ?? 0) + 1));
    await engine.loadPlugin('plugin', await witness(), { sandbox: { cpuTimeLimitMs: 60 } });
    const kind = (index: number): string => (index % 100 === 50 ? 's' : index % 20 === 7 ? 't' : 'e');
    const records = Array.from({ length: 300 }, (_, index) => ({ input: `${kind(index)}-${index}` }));
    const results = await all(
      engine.batch(records, {
        plugin: 'plugin',
        ordered: true,
        concurrency: 100,
        retry: { attempts: 3, backoffMs: 1 },
      }),
    );
    const codes = { s: 'ERR_CPU_TIME_LIMIT', t: 'ERR_TRAP' } as Readonly<Record<string, string>>;
    expect(results.map(shown)).to.deep.equal(records.map(({ input }) => codes[input[0]!] ?? input));
    await engine.close();
    expect([...begun.values()].every((times) => times === 1)).to.equal(true);
    expect(begun.size).to.equal(records.length);
  });

  it('try again by themselves what failed and may', async () => {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('plugin', await witness());
    const records = Array.from({ length: 64 }, (_, index) => ({ input: `${index % 8 === 3 ? 't' : 'e'}-${index}` }));
    const retry = { attempts: 3, backoffMs: 1 };
    const batch = engine.batch(records, { plugin: 'plugin', ordered: true, concurrency: 64, retry, idempotent: true });
    const results = await all(batch);
    const attempts = results.map((result) => (result.ok ? 1 : result.attempts));
    expect(attempts).to.deep.equal(records.map(({ input }) => (input.startsWith('t') ? 3 : 1)));
    expect(batch.progress().retried).to.equal(16);
  });

  for (const concurrency of [256, 2048, 100_000]) {
    it(`fill what is handed over, however many are in flight: ${concurrency}`, async () => {
      const engine = await createEngine({ threads: 2, maxThreads: 4 });
      await engine.loadPlugin('plugin', await echo());
      const records = Array.from({ length: 10_000 }, (_, index) => ({ input: `${index}` }));
      const results = await all(engine.batch(records, { plugin: 'plugin', concurrency }));
      expect(results.filter(({ ok }) => ok).length).to.equal(records.length);
      const { batchSize, instancesMade, workerKills } = engine.metrics.snapshot().plugins[0]!;
      // The watchdog of a busy machine takes records back from a thread that is not let run, so that more goes over.
      expect(batchSize.count).to.be.below(records.length / 8);
      expect(instancesMade).to.be.at.most(4);
      expect(Object.values(workerKills)).to.deep.equal([]);
    });
  }

  it('none of those begins that are aborted before', async () => {
    const engine = await createEngine({ threads: 1 });
    let begun = 0;
    engine.on('plugin:event', () => begun++);
    await engine.loadPlugin('plugin', await witness());
    const controller = new AbortController();
    const records = Array.from({ length: 500 }, (_, index) => ({ input: `e-${index}` }));
    const batch = engine.batch(records, { plugin: 'plugin', concurrency: 500, signal: controller.signal });
    const first = batch.next();
    controller.abort();
    expect(await first.catch((error) => error.code)).to.equal('ERR_ABORTED');
    await engine.close();
    expect(begun).to.equal(0);
  });
});
