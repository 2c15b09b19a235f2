import { expect } from 'chai';
import { FairQueue } from '../../src/scheduler/fair-queue.ts';
import type { Lane } from '../../src/scheduler/lane.ts';
import { makeJob, openLane } from '../support/lanes.ts';

const anyone = (): boolean => true;

/** Serves jobs one at a time, each taking as long as its plugin's jobs do; counts them by plugin. */
function serve(queue: FairQueue, rounds: number, milliseconds: (lane: Lane) => number): Record<string, number> {
  const served: Record<string, number> = {};
  for (let round = 0; round < rounds; round++) {
    const lane = queue.next(anyone);
    if (lane === undefined) break;
    queue.shift(lane);
    queue.charge(lane, milliseconds(lane));
    served[lane.tenant.name] = (served[lane.tenant.name] ?? 0) + 1;
  }
  return served;
}

function fill(queue: FairQueue, name: string, count: number): Lane {
  const lane = openLane(queue, name);
  for (let i = 0; i < count; i++) queue.push(makeJob(lane, `${name}${i}`));
  return lane;
}

describe('FairQueue', () => {
  it('serves a modest plugin by turns with a greedy one that came first', () => {
    const queue = new FairQueue();
    fill(queue, 'greedy', 5000);
    fill(queue, 'modest', 10);
    const served = serve(queue, 22, () => 1);
    expect(served.modest).to.equal(10);
    expect(queue.size).to.equal(5010 - 22);
  });

  it('offers the lanes that come next, those in debt after a round more, until there is no room', () => {
    const queue = new FairQueue();
    const [a, , c] = ['a', 'b', 'c', 'd'].map((name) => fill(queue, name, 2)) as [Lane, Lane, Lane, Lane];
    queue.charge(a, 1);
    const offered: string[] = [];
    queue.offer((lane) => {
      if (offered.length === 5) return 'full';
      offered.push(lane.plugin);
      if (lane === c) return 'passed';
      queue.shift(lane);
      return 'taken';
    });
    expect(offered).to.deep.equal(['b', 'c', 'd', 'a', 'c']);
    expect([queue.size, c.size]).to.deep.equal([5, 2]);
  });

  it('shares thread time, not requests', () => {
    const queue = new FairQueue();
    fill(queue, 'slow', 5000);
    fill(queue, 'quick', 50_000);
    const served = serve(queue, 11_000, ({ tenant }) => (tenant.name === 'slow' ? 10 : 0.1));
    const time = { slow: served.slow! * 10, quick: served.quick! * 0.1 };
    expect(time.slow / time.quick).to.be.within(0.8, 1.25);
  });

  it('serves many plugins alike, whatever their backlogs', () => {
    const queue = new FairQueue();
    const names = Array.from({ length: 20 }, (_, i) => `p${i}`);
    for (const [index, name] of names.entries()) fill(queue, name, 100 * (index + 1));
    const served = serve(queue, 1000, () => 1);
    for (const name of names) expect(served[name], name).to.be.within(45, 55);
  });

  it('does not let a plugin save up time while it has nothing to do', () => {
    const queue = new FairQueue();
    const sleeper = fill(queue, 'sleeper', 1);
    fill(queue, 'worker', 5000);
    serve(queue, 500, () => 1);
    for (let i = 0; i < 500; i++) queue.push(makeJob(sleeper));
    const served = serve(queue, 100, () => 1);
    expect(served.sleeper).to.be.within(45, 55);
  });

  it('passes over who may not be served, and asks no more than once a turn', () => {
    const queue = new FairQueue();
    const [held, free] = [fill(queue, 'held', 3), fill(queue, 'free', 3)];
    const order: (string | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      const lane = queue.next((candidate) => candidate !== held);
      order.push(lane?.tenant.name);
      if (lane !== undefined) queue.shift(lane);
    }
    expect(order).to.deep.equal(['free', 'free', 'free', undefined]);
    expect([held.size, free.size, queue.size]).to.deep.equal([3, 0, 3]);
  });

  it('finds the plugin with the least debt when all are in debt', () => {
    const queue = new FairQueue();
    const lanes = [fill(queue, 'deep', 2), fill(queue, 'shallow', 2)];
    queue.charge(lanes[0]!, 1000);
    queue.charge(lanes[1]!, 5);
    expect(queue.next(anyone)).to.equal(lanes[1]);
    // The other is not forgotten.
    expect(queue.next((lane) => lane === lanes[0])).to.equal(lanes[0]);
  });

  it('has one tenant a name for all of its versions, and forgets it with the last', () => {
    const queue = new FairQueue();
    const [one, two] = [openLane(queue, 'plugin'), openLane(queue, 'plugin')];
    expect(one.tenant).to.equal(two.tenant);
    queue.removeLane(one);
    expect(queue.tenant('plugin')).to.equal(two.tenant);
    queue.removeLane(two);
    expect(queue.tenant('plugin')).not.to.equal(two.tenant);
  });

  it('takes the job with the highest priority over the versions of a plugin', () => {
    const queue = new FairQueue();
    const [one, two] = [openLane(queue, 'plugin'), openLane(queue, 'plugin')];
    queue.push(makeJob(one, 'low', 0));
    queue.push(makeJob(two, 'high', 1));
    const order: (string | undefined)[] = [];
    for (let lane = queue.next(anyone); lane !== undefined; lane = queue.next(anyone))
      order.push(queue.shift(lane)?.input);
    expect(order).to.deep.equal(['high', 'low']);
  });

  it('counts what is pushed, put back, removed and taken', () => {
    const queue = new FairQueue();
    const lane = openLane(queue, 'plugin');
    const jobs = Array.from({ length: 5 }, () => makeJob(lane));
    for (const job of jobs) queue.push(job);
    queue.remove(jobs[3]!);
    const first = queue.shift(lane)!;
    expect(first).to.equal(jobs[0]);
    expect(queue.size).to.equal(3);
    queue.unshift(first);
    expect(queue.size).to.equal(4);
    expect(lane.first).to.equal(jobs[0]);
    while (queue.shift(lane) !== undefined);
    expect(queue.size).to.equal(0);
    expect(queue.next(anyone)).to.equal(undefined);
  });
});
