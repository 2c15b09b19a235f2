import { expect } from 'chai';
import { LatencyHistogram } from '../../src/bench/latency-histogram.ts';
import { closedLoop, openLoop } from '../../src/bench/loads.ts';

describe('the loads of the benchmarks', () => {
  it('keeps as many requests in flight as there are callers', async () => {
    let inFlight = 0;
    let most = 0;
    const { done, failed } = await closedLoop(5, 10, async () => {
      most = Math.max(most, ++inFlight);
      await new Promise(setImmediate);
      inFlight--;
    });
    expect(most).to.equal(5);
    expect(done).to.be.at.least(5 * 16);
    expect(failed).to.equal(0);
  });

  it('counts what fails', async () => {
    const closed = await closedLoop(1, 1, () => Promise.reject(new Error('no')));
    expect(closed).to.include({ done: 0 });
    // The time may be over before the first; that one is asked for all the same.
    expect(closed.failed).to.be.at.least(1);
    const open = await openLoop(1_000, 20, () => Promise.reject(new Error('no')));
    expect(open.done).to.equal(0);
    expect(open.failed).to.be.above(0);
  });

  it('counts a stall for every request that it delays', async () => {
    let stalled = false;
    const { latency, done } = await openLoop(1_000, 200, () => {
      if (stalled) return;
      stalled = true;
      const end = performance.now() + 150;
      while (performance.now() < end);
    });
    // Without correction all but one would have taken microseconds.
    expect(done).to.be.above(100);
    expect(latency.percentile(50)).to.be.above(10);
    expect(latency.percentile(100)).to.be.at.least(150);
  });

  it('adds up latencies, and takes them to another process', () => {
    const one = new LatencyHistogram();
    const other = new LatencyHistogram();
    for (let index = 1; index <= 99; index++) one.record(1);
    other.record(5_000);
    one.add(LatencyHistogram.decode(other.encode()));
    expect(one.percentile(50)).to.be.closeTo(1, 0.001);
    expect(one.percentile(100)).to.be.closeTo(5_000, 5);
    expect(one.curve()[0]![0]).to.equal(0);
    expect(one.curve().at(-1)![0]).to.equal(100);
    expect(new LatencyHistogram().curve()).to.deep.equal([]);
    expect(new LatencyHistogram().percentile(50)).to.be.NaN;
  });
});
