import { expect } from 'chai';
import type { Datetime } from '../../../src/host/wasi/clocks.ts';
import type { Pollable } from '../../../src/host/wasi/poll.ts';
import { closeAll, sandbox } from './sandbox.ts';

interface MonotonicClock {
  now(): bigint;
  resolution(): bigint;
  subscribeInstant(when: bigint): Pollable;
  subscribeDuration(duration: bigint): Pollable;
}

interface WallClock {
  now(): Datetime;
  resolution(): Datetime;
}

const U64_MAX = 2n ** 64n - 1n;

describe('wasi:clocks', () => {
  afterEach(closeAll);

  it('tell the time, the monotonic one since the instance was made', () => {
    const { interface: get } = sandbox();
    const wall = get<WallClock>('wasi:clocks/wall-clock').now();
    expect(Number(wall.seconds) * 1000 + wall.nanoseconds / 1e6).to.be.within(Date.now() - 60_000, Date.now());
    const clock = get<MonotonicClock>('wasi:clocks/monotonic-clock');
    const first = clock.now();
    expect(first > 0n && first < 60_000_000_000n).to.equal(true);
    expect(clock.now() >= first).to.equal(true);
  });

  it('sleep for as long as they are asked', () => {
    const clock = sandbox().interface<MonotonicClock>('wasi:clocks/monotonic-clock');
    const start = clock.now();
    const timer = clock.subscribeDuration(5_000_000n);
    expect(timer.ready()).to.equal(false);
    timer.block();
    expect(clock.now() - start >= 5_000_000n).to.equal(true);
    expect(timer.ready()).to.equal(true);
    expect(clock.subscribeInstant(start).ready()).to.equal(true);
  });

  it('take the longest duration without overflowing', () => {
    const clock = sandbox().interface<MonotonicClock>('wasi:clocks/monotonic-clock');
    expect(clock.subscribeDuration(U64_MAX).ready()).to.equal(false);
    expect(clock.subscribeInstant(U64_MAX).ready()).to.equal(false);
  });

  describe('without `allowClocks`', () => {
    it('always say 1970', () => {
      const clock = sandbox({ allowClocks: false }).interface<WallClock>('wasi:clocks/wall-clock');
      expect(clock.now()).to.deep.equal({ seconds: 0n, nanoseconds: 0 });
      expect(clock.resolution()).to.deep.equal({ seconds: 1n, nanoseconds: 0 });
    });

    it('count looks instead of time, never from 0, and the same in each instance', () => {
      for (let instance = 0; instance < 2; instance++) {
        const clock = sandbox({ allowClocks: false }).interface<MonotonicClock>('wasi:clocks/monotonic-clock');
        expect([clock.now(), clock.now(), clock.resolution()]).to.deep.equal([1000n, 2000n, 1000n]);
      }
    });

    it('let a sleep pass at once, and the guest see that it has passed', () => {
      const clock = sandbox({ allowClocks: false }).interface<MonotonicClock>('wasi:clocks/monotonic-clock');
      const hour = 3_600_000_000_000n;
      const before = clock.now();
      clock.subscribeDuration(hour).block();
      expect(clock.now() - before >= hour).to.equal(true);
    });
  });

  it('know no time zone but UTC', () => {
    const timezone = sandbox().interface<{ display(): object; utcOffset(): number }>('wasi:clocks/timezone');
    expect(timezone.display()).to.deep.equal({ utcOffset: 0, name: 'UTC', inDaylightSavingTime: false });
    expect(timezone.utcOffset()).to.equal(0);
  });
});
