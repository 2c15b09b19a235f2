import { expect } from 'chai';
import { Ahead } from '../../../src/isolation/host/ahead.ts';
import { FairQueue } from '../../../src/scheduler/fair-queue.ts';
import type { Lane } from '../../../src/scheduler/lane.ts';
import { openLane } from '../../support/lanes.ts';

const MiB = 1024 * 1024;

describe('Ahead', () => {
  const queue = new FairQueue();
  let ahead: Ahead;
  beforeEach(() => {
    ahead = new Ahead();
  });

  /** Gives a child as much as it takes of a lane; says how much that is. */
  function fill(lane: Lane, bytes: number): number {
    let given = 0;
    for (; given < 100_000 && ahead.takes(lane); given++) ahead.add(lane, bytes);
    return given;
  }

  it('leaves a plugin its place beside any number of greedy ones', () => {
    const greedy = Array.from({ length: 20 }, (_, i) => openLane(queue, `greedy-${i}`));
    const given = greedy.map((lane) => fill(lane, 16));
    expect(given.every((requests) => requests >= 64)).to.equal(true);
    expect(Math.max(...given)).to.be.below(5000);
    expect(given.reduce((sum, requests) => sum + requests, 0)).to.be.below(10_000);
    expect(fill(openLane(queue, 'modest'), 16)).to.be.at.least(64);
  });

  it('bounds the bytes, and takes one request whatever its size', () => {
    const [greedy, modest] = [openLane(queue, 'a'), openLane(queue, 'b')];
    expect(fill(greedy, MiB)).to.be.below(64);
    expect(fill(modest, 500 * MiB)).to.equal(1);
  });

  it('has room again as answers come', () => {
    const lane = openLane(queue, 'c');
    const given = fill(lane, 16);
    for (let i = 0; i < given; i++) ahead.remove(lane, 16);
    expect(fill(lane, 16)).to.equal(given);
  });
});
