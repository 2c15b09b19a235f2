import { expect } from 'chai';
import { Effort, LONG_MS } from '../../src/scheduler/effort.ts';
import { TICK_MS } from '../../src/scheduler/watch.ts';

/** A batch on a thread whose CPU clock the test turns, looked at as often as the watchdog looks. */
function batch(cpuBefore = 0): {
  cpu: number;
  asked: number;
  looks(times: number, asleep?: boolean): Promise<boolean>;
} {
  let now = 1_000;
  const read = async (): Promise<number> => {
    self.asked++;
    return self.cpu;
  };
  const effort = new Effort(read, cpuBefore, now);
  const self = {
    cpu: cpuBefore,
    asked: 0,
    async looks(times: number, asleep = false): Promise<boolean> {
      let isLong = false;
      for (let look = 0; look < times; look++) {
        now += TICK_MS;
        isLong = effort.isLong(now, asleep);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return isLong;
    },
  };
  return self;
}

describe('Effort', () => {
  it('of a thread that works is long as soon as it has worked for long', async () => {
    const long = batch(500);
    expect(await long.looks(1)).to.equal(false);
    long.cpu = 500 + LONG_MS;
    await long.looks(1);
    expect(await long.looks(1)).to.equal(true);
  });

  it('of a thread that a busy machine does not let run is not long, whatever the clock shows', async () => {
    const starved = batch(500);
    starved.cpu = 501;
    expect(await starved.looks((10 * LONG_MS) / TICK_MS)).to.equal(false);
    starved.cpu = 500 + LONG_MS;
    await starved.looks(1);
    expect(await starved.looks(1)).to.equal(true);
  });

  it('of a guest that sleeps is long by the clock: it holds its thread', async () => {
    expect(await batch().looks(LONG_MS / TICK_MS, true)).to.equal(true);
  });

  it('of a thread in the hands of the system is long in the end', async () => {
    expect(await batch().looks((20 * LONG_MS) / TICK_MS)).to.equal(true);
  });

  it('asks nothing of a thread that has not been at it for longer than a look', async () => {
    const short = batch();
    await short.looks(0);
    expect(short.asked).to.equal(0);
  });
});
