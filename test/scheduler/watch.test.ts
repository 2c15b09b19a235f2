import { expect } from 'chai';
import { Watch } from '../../src/scheduler/watch.ts';

/** A thread whose CPU clock the test turns; answers come when the test says so. */
function clock(): {
  cpu: number;
  asked: number;
  readonly read: () => Promise<number>;
  answer(): Promise<void>;
  refuse(): Promise<void>;
} {
  const waiting: PromiseWithResolvers<number>[] = [];
  const settle = async (end: (one: PromiseWithResolvers<number>) => void): Promise<void> => {
    for (const one of waiting.splice(0)) end(one);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const self = {
    cpu: 0,
    asked: 0,
    read: () => {
      self.asked++;
      const one = Promise.withResolvers<number>();
      waiting.push(one);
      return one.promise;
    },
    answer: () => settle((one) => one.resolve(self.cpu)),
    refuse: () => settle((one) => one.reject(new Error('the thread is gone'))),
  };
  return self;
}

const LIMITS = { cpuTimeLimitMs: 100, wallTimeLimitMs: 1000 };
const CALL = 8;

describe('Watch', () => {
  it('asks nothing of the thread for calls that one look sees', () => {
    const thread = clock();
    const watch = new Watch(thread.read);
    for (let call = 0; call < 50; call++) expect(watch.look(call, LIMITS, call * 5)).to.equal(undefined);
    expect(thread.asked).to.equal(0);
  });

  it('asks nothing while the thread is in no guest', () => {
    const thread = clock();
    const watch = new Watch(thread.read);
    for (let look = 0; look < 50; look++) expect(watch.look(Number.NaN, LIMITS, look * 5000)).to.equal(undefined);
    expect(thread.asked).to.equal(0);
    expect(watch.elapsed(1e9)).to.equal(0);
  });

  it('measures the wall time of one call, from the look that first saw it', () => {
    const watch = new Watch(clock().read);
    watch.look(CALL, { ...LIMITS, cpuTimeLimitMs: 1e9 }, 500);
    expect(watch.elapsed(700)).to.equal(200);
    expect(watch.look(CALL, { ...LIMITS, cpuTimeLimitMs: 1e9 }, 1499)).to.equal(undefined);
    expect(watch.look(CALL, { ...LIMITS, cpuTimeLimitMs: 1e9 }, 1500)).to.equal('wallTimeLimitMs');
  });

  it('begins anew with each call, also with one of the same kind', () => {
    const watch = new Watch(clock().read);
    watch.look(CALL, LIMITS, 0);
    watch.look(CALL, LIMITS, 999);
    expect(watch.look(CALL + 8, LIMITS, 1001)).to.equal(undefined);
    expect(watch.elapsed(1001)).to.equal(0);
    expect(watch.look(Number.NaN, LIMITS, 1005)).to.equal(undefined);
    expect(watch.look(CALL + 8, LIMITS, 2500)).to.equal(undefined);
  });

  it('counts CPU time that the thread used, not time that passed (invariant 9)', async () => {
    const thread = clock();
    const watch = new Watch(thread.read);
    const now = performance.now();
    thread.cpu = 5000;
    watch.look(CALL, LIMITS, now);
    watch.look(CALL, LIMITS, now + 5);
    await thread.answer();
    expect(thread.asked).to.equal(1);
    // 400 ms pass of which the thread got 99.
    thread.cpu += 99;
    watch.look(CALL, LIMITS, now + 400);
    await thread.answer();
    expect(watch.cpuUsed).to.equal(99);
    expect(watch.look(CALL, LIMITS, now + 405)).to.equal(undefined);
    thread.cpu += 1;
    watch.look(CALL, LIMITS, now + 900);
    await thread.answer();
    expect(watch.look(CALL, LIMITS, now + 905)).to.equal('cpuTimeLimitMs');
  });

  it('asks again no sooner than the limit could be reached', async () => {
    const thread = clock();
    const watch = new Watch(thread.read);
    const limits = { cpuTimeLimitMs: 30_000, wallTimeLimitMs: 1e9 };
    const now = performance.now();
    watch.look(CALL, limits, now);
    watch.look(CALL, limits, now + 5);
    await thread.answer();
    for (let look = 2; look < 1000; look++) watch.look(CALL, limits, now + look * 5);
    expect(thread.asked).to.equal(1);
    watch.look(CALL, limits, now + 60_000);
    expect(thread.asked).to.equal(2);
  });

  it('never asks twice at once', () => {
    const thread = clock();
    const watch = new Watch(thread.read);
    for (let look = 0; look < 100; look++) watch.look(CALL, { ...LIMITS, wallTimeLimitMs: 1e9 }, look * 50);
    expect(thread.asked).to.equal(1);
  });

  it('does not take the answer for one call as that for the next', async () => {
    const thread = clock();
    const watch = new Watch(thread.read);
    const limits = { ...LIMITS, wallTimeLimitMs: 1e9 };
    const now = performance.now();
    watch.look(CALL, limits, now);
    watch.look(CALL, limits, now + 5);
    thread.cpu = 10_000;
    watch.look(CALL + 8, limits, now + 10);
    await thread.answer();
    expect(watch.cpuUsed).to.equal(0);
    // The next look asks for the baseline of the new call.
    watch.look(CALL + 8, limits, now + 15);
    await thread.answer();
    expect(thread.asked).to.equal(2);
    expect(watch.cpuUsed).to.equal(0);
    thread.cpu += 100;
    watch.look(CALL + 8, limits, now + 500);
    await thread.answer();
    expect(watch.look(CALL + 8, limits, now + 505)).to.equal('cpuTimeLimitMs');
  });

  it('still enforces wall time when the thread does not answer, and asks again when it refuses', async () => {
    const thread = clock();
    const watch = new Watch(thread.read);
    watch.look(CALL, LIMITS, 0);
    watch.look(CALL, LIMITS, 5);
    await thread.refuse();
    watch.look(CALL, LIMITS, 10);
    expect(thread.asked).to.equal(2);
    expect(watch.look(CALL, LIMITS, 1000)).to.equal('wallTimeLimitMs');
  });
});
