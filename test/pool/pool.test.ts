import { expect } from 'chai';
import { resolvePolicy } from '../../src/host/policy/policy.ts';
import type { PluginThread } from '../../src/pool/plugin-thread.ts';
import { Pool } from '../../src/pool/pool.ts';
import { threadClassOf } from '../../src/pool/thread-class.ts';

const CLASS = threadClassOf(resolvePolicy('restricted'));

describe('Pool', function () {
  this.timeout(60_000);
  const pools: Pool[] = [];
  after(() => Promise.all(pools.map((pool) => pool.close())));

  /** A pool that keeps two, with so many threads that are idle. */
  async function pool(threads: number): Promise<{ pool: Pool; threads: PluginThread[]; surplus: PluginThread[] }> {
    const surplus: PluginThread[] = [];
    const ready = Promise.withResolvers<void>();
    const started: PluginThread[] = [];
    const made = new Pool(
      2,
      8,
      { bytes: 1024 * 1024, memories: 8 },
      {
        onReady: (thread) => {
          started.push(thread);
          if (started.length === threads) ready.resolve();
          else made.want(CLASS, started.length + 1);
        },
        onRetry: () => {},
        onSurplus: (thread) => surplus.push(thread),
        onUnavailable: (_threadClass, error) => ready.reject(error),
        onStuck: () => {},
        onGone: () => {},
      },
    );
    pools.push(made);
    made.want(CLASS);
    await ready.promise;
    return { pool: made, threads: started, surplus };
  }

  it('lets go the coldest first, and none that was in use of late', async () => {
    const { pool: five, threads, surplus } = await pool(5);
    for (const [index, held] of [7, 0, 9, 3, 1].entries()) {
      for (let definition = 0; definition < held; definition++) threads[index]!.meets(definition);
    }
    // Two at work at once, and a spare one: two are too many.
    for (const thread of threads.slice(0, 2)) five.take(thread);
    for (const thread of threads.slice(0, 2)) five.release(thread);
    five.shrink();
    expect(surplus).to.deep.equal([threads[1], threads[4]]);
  });

  it('keeps all of them while they are in use', async () => {
    const { pool: four, threads, surplus } = await pool(4);
    for (const thread of threads.slice(0, 3)) four.take(thread);
    for (const thread of threads.slice(0, 3)) four.release(thread);
    four.shrink();
    expect(surplus).to.deep.equal([]);
  });
});
