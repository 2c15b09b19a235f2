import { expect } from 'chai';
import { FairQueue } from '../../src/scheduler/fair-queue.ts';
import type { Lane } from '../../src/scheduler/lane.ts';
import { makeJob, openLane } from '../support/lanes.ts';

describe('Tenant', () => {
  /** Two versions of one plugin. */
  function versions(): { queue: FairQueue; stable: Lane; canary: Lane } {
    const queue = new FairQueue();
    return { queue, stable: openLane(queue, 'plugin', {}, '1'), canary: openLane(queue, 'plugin', {}, '2') };
  }

  function ask(queue: FairQueue, lane: Lane, askedAt: number, priority = 0): void {
    const job = makeJob(lane, '', priority);
    job.askedAt = askedAt;
    queue.push(job);
  }

  it('has no version to serve when nothing is queued', () => {
    expect(versions().stable.tenant.nextLane).to.equal(undefined);
  });

  it('serves its versions in the order in which their requests were asked for', () => {
    const { queue, stable, canary } = versions();
    for (const [lane, at] of [
      [stable, 1],
      [canary, 2],
      [stable, 3],
      [stable, 4],
      [canary, 5],
    ] as const)
      ask(queue, lane, at);
    const served: Lane[] = [];
    for (let lane = stable.tenant.nextLane; lane !== undefined; lane = stable.tenant.nextLane) {
      // What is under way for a version neither favours it nor holds it back.
      lane.sent++;
      queue.shift(lane);
      served.push(lane);
    }
    expect(served).to.deep.equal([stable, canary, stable, stable, canary]);
  });

  it('serves the version of the request with the highest priority first', () => {
    const { queue, stable, canary } = versions();
    ask(queue, stable, 1);
    ask(queue, canary, 2, 5);
    expect(stable.tenant.nextLane).to.equal(canary);
  });

  it('of versions that were asked in the same turn, serves the one with less under way', () => {
    const { queue, stable, canary } = versions();
    ask(queue, stable, 1);
    ask(queue, canary, 1);
    stable.sent = 3;
    expect(stable.tenant.nextLane).to.equal(canary);
    canary.sent = 4;
    expect(stable.tenant.nextLane).to.equal(stable);
  });
});
