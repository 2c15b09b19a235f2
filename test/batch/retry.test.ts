import { expect } from 'chai';
import { runBatch } from '../../src/batch/batch.ts';
import type { BatchOptions, BatchResult } from '../../src/batch/options.ts';
import { backoffMs } from '../../src/batch/retry.ts';
import type { Submit } from '../../src/batch/submit.ts';
import { type ErrorCode, PluginError } from '../../src/errors.ts';
import { hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { until } from '../support/outcome.ts';
import { submitTo } from '../support/submit.ts';

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Fails the first so many attempts of each record. */
function failing(times: number, code: ErrorCode, began: boolean | undefined): { submit: Submit; calls: string[] } {
  const calls: string[] = [];
  const submit = submitTo(async (_plugin, { input }) => {
    calls.push(input);
    if (calls.filter((call) => call === input).length <= times) throw new PluginError(code, 'not now', { began });
    return { output: input, success: true };
  });
  return { submit, calls };
}

const retry = { attempts: 4, backoffMs: 1, maxBackoffMs: 2 };
const codesOf = (results: readonly BatchResult[]): (string | number)[][] =>
  results.map((result) => (result.ok ? ['ok'] : [result.error.code, result.attempts]));

describe('the retries of a batch', () => {
  const cases: readonly [string, ErrorCode, boolean | undefined, BatchOptions, string | number, number][] = [
    ['what was not begun', 'ERR_QUEUE_FULL', false, { retry }, 'ok', 3],
    ['what was lost before it began', 'ERR_WORKER_CRASHED', false, { retry }, 'ok', 3],
    ['what is quarantined', 'ERR_PLUGIN_QUARANTINED', false, { retry }, 'ok', 3],
    ['nothing unless it is asked to', 'ERR_QUEUE_FULL', false, {}, 'ERR_QUEUE_FULL', 1],
    ['nothing that began', 'ERR_WORKER_CRASHED', true, { retry }, 'ERR_WORKER_CRASHED', 1],
    ['nothing that may have begun', 'ERR_WORKER_CRASHED', undefined, { retry }, 'ERR_WORKER_CRASHED', 1],
    ['what began in an idempotent plugin', 'ERR_TRAP', true, { retry, idempotent: true }, 'ok', 3],
    ['nothing that is wrong for good', 'ERR_PLUGIN_NOT_FOUND', false, { retry }, 'ERR_PLUGIN_NOT_FOUND', 1],
    ['nothing that is too late', 'ERR_DEADLINE', false, { retry, idempotent: true }, 'ERR_DEADLINE', 1],
    ['nothing too often', 'ERR_QUEUE_FULL', false, { retry: { ...retry, attempts: 2 } }, 'ERR_QUEUE_FULL', 2],
  ];
  for (const [name, code, began, options, expected, attempts] of cases) {
    it(`repeat ${name}`, async () => {
      const { submit, calls } = failing(2, code, began);
      const results = await all(
        runBatch([{ input: 'a' }, { input: 'b' }], { plugin: 'p', ordered: true, ...options }, submit),
      );
      const one = expected === 'ok' ? ['ok'] : [expected, attempts];
      expect(codesOf(results)).to.deep.equal([one, one]);
      expect(calls.length).to.equal(2 * attempts);
    });
  }

  it('stay within the deadline of the record', async () => {
    const { submit } = failing(1000, 'ERR_QUEUE_FULL', false);
    const slow = { attempts: 1000, backoffMs: 60_000, maxBackoffMs: 60_000 };
    const results = await all(runBatch([{ input: 'a' }], { plugin: 'p', deadlineMs: 5, retry: slow }, submit));
    expect(codesOf(results)[0]![0]).to.equal('ERR_QUEUE_FULL');
  });

  it('end with the batch', async () => {
    const { submit } = failing(1000, 'ERR_QUEUE_FULL', false);
    const slow = { attempts: 1000, backoffMs: 2 ** 30, maxBackoffMs: 2 ** 30 };
    const batch = runBatch([{ input: 'a' }], { plugin: 'p', retry: slow }, submit);
    const pending = batch.next();
    await until(() => batch.progress().retried === 1);
    await batch.return();
    expect((await pending).done).to.equal(true);
  });

  it('are counted', async () => {
    const { submit } = failing(2, 'ERR_QUEUE_FULL', false);
    const batch = runBatch([{ input: 'a' }], { plugin: 'p', retry }, submit);
    await all(batch);
    expect(batch.progress()).to.deep.include({ retried: 2, succeeded: 1, done: 1 });
  });

  it('wait at random up to a bound that doubles', () => {
    const most = (attempts: number): number =>
      Math.max(
        ...Array.from({ length: 1000 }, () => backoffMs(attempts, { attempts: 9, backoffMs: 8, maxBackoffMs: 50 })),
      );
    expect(most(1)).to.be.within(6, 8);
    expect(most(2)).to.be.within(12, 16);
    expect(most(9)).to.be.within(40, 50);
  });
});

describe('an error of the engine', function () {
  this.timeout(60_000);
  after(closeEngines);

  it('says whether the request had begun', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('hostile', await hostile());
    const began = (input: string, options: object = {}): Promise<unknown> =>
      engine.process('hostile', { input }, options).then(
        () => 'ok',
        (error: PluginError) => [error.code, error.began],
      );
    const spinning = began('spin', { deadlineMs: 500 });
    expect(await began('unreachable', { signal: AbortSignal.abort() })).to.deep.equal(['ERR_ABORTED', false]);
    expect(await spinning).to.deep.equal(['ERR_DEADLINE', true]);
    expect(await began('unreachable')).to.deep.equal(['ERR_TRAP', true]);
  });
});
