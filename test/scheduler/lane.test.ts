import { expect } from 'chai';
import fc from 'fast-check';
import type { Job } from '../../src/scheduler/job.ts';
import { loneLane, makeJob } from '../support/lanes.ts';

describe('Lane', () => {
  it('serves the highest priority first, and in order of arrival within one', () => {
    const lane = loneLane();
    const arrivals = [
      ['a', 0],
      ['b', 5],
      ['c', -1],
      ['d', 5],
      ['e', 0],
      ['f', 0.5],
    ] as const;
    for (const [input, priority] of arrivals) lane.push(makeJob(lane, input, priority));
    const served: string[] = [];
    for (let job = lane.shift(); job !== undefined; job = lane.shift()) served.push((job as Job).input);
    expect(served.join('')).to.equal('bdfaec');
    expect(lane.size).to.equal(0);
  });

  it('puts a job back in front of its priority, not in front of higher ones', () => {
    const lane = loneLane();
    const [first, second, urgent] = [makeJob(lane, '1'), makeJob(lane, '2'), makeJob(lane, 'urgent', 9)];
    lane.push(first);
    lane.push(second);
    expect(lane.shift()).to.equal(first);
    lane.push(urgent);
    lane.unshift(first);
    expect([lane.shift(), lane.shift(), lane.shift()]).to.deep.equal([urgent, first, second]);
  });

  it('is a stable priority queue from which any job can leave', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const), priority: fc.integer({ min: -2, max: 2 }) }),
      fc.record({ do: fc.constant('remove' as const), at: fc.nat(30) }),
      fc.record({ do: fc.constant('shift' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const lane = loneLane();
        let model: Job[] = [];
        for (const next of steps) {
          if (next.do === 'push') {
            const job = makeJob(lane, '', next.priority);
            lane.push(job);
            model.push(job);
            model = model.toSorted((a, b) => b.priority - a.priority);
          } else if (next.do === 'shift') expect(lane.shift()).to.equal(model.shift());
          else if (model.length > 0) lane.remove(model.splice(next.at % model.length, 1)[0]!);
          expect(lane.size).to.equal(model.length);
          expect(lane.first).to.equal(model[0]);
        }
      }),
    );
  });

  it('is idle only when nothing waits, is queued or was sent', () => {
    const lane = loneLane();
    expect(lane.idle).to.equal(true);
    lane.waiting++;
    expect(lane.idle).to.equal(false);
    lane.waiting--;
    lane.sent++;
    expect(lane.idle).to.equal(false);
    lane.sent--;
    lane.push(makeJob(lane));
    expect(lane.idle).to.equal(false);
    lane.shift();
    expect(lane.idle).to.equal(true);
  });

  it('estimates the service time of one request from batches, later ones counting more', () => {
    const lane = loneLane();
    expect(lane.serviceMs).to.equal(undefined);
    lane.measured(8, 4);
    expect(lane.serviceMs).to.equal(2);
    lane.measured(12, 1);
    expect(lane.serviceMs).to.equal(5);
    for (let i = 0; i < 40; i++) lane.measured(1, 10);
    expect(lane.serviceMs).to.be.closeTo(0.1, 0.001);
  });
});
