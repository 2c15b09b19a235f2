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

  it('gives what no thread holds to the warmest, so that the spare one stays cold', async () => {
    const { pool: three, threads } = await pool(3);
    threads[1]!.definitions.add(1).add(2);
    threads[2]!.definitions.add(3);
    expect(three.take(CLASS, 4)).to.equal(threads[1]);
    expect(three.take(CLASS, 3)).to.equal(threads[2]);
  });

  it('lets go the coldest first, and none that was in use of late', async () => {
    const { pool: five, threads, surplus } = await pool(5);
    for (const [index, held] of [7, 0, 9, 3, 1].entries()) {
      for (let definition = 0; definition < held; definition++) threads[index]!.definitions.add(definition);
    }
    // Two at work at once, and a spare one: two are too many.
    for (const taken of [five.take(CLASS, 0), five.take(CLASS, 0)]) five.release(taken);
    five.shrink();
    expect(surplus).to.deep.equal([threads[1], threads[4]]);
  });

  it('keeps all of them while they are in use', async () => {
    const { pool: four, surplus } = await pool(4);
    const taken = [four.take(CLASS, 0), four.take(CLASS, 0), four.take(CLASS, 0)];
    for (const thread of taken) four.release(thread);
    four.shrink();
    expect(surplus).to.deep.equal([]);
  });
});
