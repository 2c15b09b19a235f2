import { expect } from 'chai';
import type { Holding } from '../../src/component/holding.ts';
import type { PluginThread } from '../../src/pool/plugin-thread.ts';
import { AddressSpace, RESERVED_BYTES } from '../../src/scheduler/address-space.ts';
import { FairQueue } from '../../src/scheduler/fair-queue.ts';
import { MemoryBudget } from '../../src/scheduler/memory-budget.ts';
import { openLane } from '../support/lanes.ts';

const MiB = 1024 * 1024;

const bytes = (count: number): Holding => ({ bytes: count, memories: 1 });

/** The budget looks at nothing of a thread but whether it is idle. */
const thread = (state: PluginThread['state'] = 'idle'): PluginThread => ({ state }) as PluginThread;

describe('MemoryBudget', () => {
  const queue = new FairQueue();
  const lane = (megabytes: number) => openLane(queue, `takes ${megabytes}`, { maxMemoryBytes: megabytes * MiB });

  it('books an instance that runs with what it may grow to, and one that waits with what it holds', () => {
    const budget = new MemoryBudget(100 * MiB);
    const [one, a] = [thread(), lane(32)];
    budget.begin(one, a);
    expect(budget.booked).to.equal(32 * MiB);
    budget.end(one, a, bytes(1 * MiB));
    expect(budget.booked).to.equal(1 * MiB);
    budget.begin(one, a);
    expect(budget.booked).to.equal(32 * MiB);
  });

  it('books every instance of a batch of several, and takes back what has not run', () => {
    const budget = new MemoryBudget(100 * MiB);
    const [one, a, b] = [thread(), lane(32), lane(16)];
    budget.begin(one, a);
    budget.end(one, a, bytes(2 * MiB));
    budget.begin(one, a);
    budget.begin(one, b);
    expect(budget.booked).to.equal(48 * MiB);
    budget.end(one, b, bytes(1 * MiB));
    budget.end(one, a);
    expect(budget.booked).to.equal(3 * MiB);
    budget.ended(one);
    expect(budget.booked).to.equal(0);
  });

  it('lets join only what leaves most of the room to others', () => {
    const budget = new MemoryBudget(64 * MiB);
    const one = thread();
    expect([budget.fitsOn(one, lane(4)), budget.fitsOn(one, lane(5))]).to.deep.equal([true, false]);
  });

  it('lets in what fits beside what is booked, to the byte', () => {
    const budget = new MemoryBudget(64 * MiB);
    budget.begin(thread(), lane(32));
    expect(budget.fits(lane(32))).to.equal(true);
    expect(budget.fits(lane(33))).to.equal(false);
    expect(budget.fits(lane(32), lane(1))).to.equal(false);
  });

  it('does not count an idle instance against the request that it would serve', () => {
    const budget = new MemoryBudget(32 * MiB);
    const [one, a] = [thread('busy'), lane(32)];
    budget.begin(one, a);
    budget.end(one, a, bytes(4 * MiB));
    expect(budget.fits(a)).to.equal(false);
    one.state = 'idle';
    expect(budget.fits(a)).to.equal(true);
    expect(budget.fits(lane(29))).to.equal(false);
  });

  it('forgets what was dropped, and everything of a thread that ended', () => {
    const budget = new MemoryBudget(100 * MiB);
    const [one, two, a, b] = [thread(), thread(), lane(8), lane(16)];
    for (const [on, next] of [
      [one, a],
      [one, b],
      [two, a],
    ] as const) {
      budget.begin(on, next);
      budget.end(on, next, bytes(2 * MiB));
    }
    expect(budget.booked).to.equal(6 * MiB);
    budget.dropped(one, a.id);
    expect(budget.booked).to.equal(4 * MiB);
    budget.begin(two, b);
    budget.ended(two);
    expect(budget.booked).to.equal(2 * MiB);
    budget.ended(one);
    expect(budget.booked).to.equal(0);
  });

  it('names the instance that has not been used for longest', () => {
    const budget = new MemoryBudget(100 * MiB);
    const [one, a, b] = [thread(), lane(8), lane(16)];
    for (const next of [a, b, a]) {
      budget.begin(one, next);
      budget.end(one, next, bytes(MiB));
    }
    expect(budget.oldest(one)).to.equal(b.id);
    budget.dropped(one, b.id);
    expect(budget.oldest(one)).to.equal(a.id);
    expect(budget.oldest(thread())).to.equal(undefined);
  });

  it('books the addresses that memories reserve, for all engines together', async () => {
    const addresses = new AddressSpace(3 * RESERVED_BYTES);
    const [ours, theirs] = [new MemoryBudget(100 * MiB, addresses), new MemoryBudget(100 * MiB, addresses)];
    const [one, two, a] = [thread(), thread(), lane(1)];
    ours.begin(one, a);
    theirs.begin(two, a);
    expect([ours.fits(a), ours.fits(a, a), addresses.booked]).to.deep.equal([true, false, 2]);
    const room = new Promise<void>((resolve) => addresses.whenGivenBack(resolve));
    theirs.end(two, a, { bytes: 0, memories: 1 });
    expect(addresses.booked).to.equal(2);
    theirs.close();
    await room;
    expect(addresses.booked).to.equal(1);
    ours.close();
    expect([addresses.booked, ours.booked]).to.deep.equal([0, 0]);
  });

  it('lets threads leave no more behind than a small part of it', () => {
    const budget = new MemoryBudget(64 * MiB, new AddressSpace(160 * RESERVED_BYTES));
    expect(budget.droppedOn(8)).to.deep.equal({ bytes: MiB, memories: 2 });
    expect(new MemoryBudget(2 ** 40).droppedOn(8)).to.deep.equal({ bytes: 32 * MiB, memories: 64 });
  });
});
