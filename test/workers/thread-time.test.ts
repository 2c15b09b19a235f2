import { expect } from 'chai';
import { CERTAIN_SHARE } from '../../src/pool/certain-share.ts';
import { ThreadTime } from '../../workers/thread-time.ts';

function thread(): { cpu: number; slept: number; looks: number[]; time: ThreadTime } {
  const self = { cpu: 100, slept: 0, looks: [] as number[] };
  const time = new ThreadTime(
    () => self.cpu,
    () => self.slept,
    (cpu) => self.looks.push(cpu),
  );
  return Object.assign(self, { time });
}

describe('ThreadTime', () => {
  it('takes the clock for short orders, and asks only once they add up', () => {
    const one = thread();
    for (let order = 0; order < 3; order++) expect(one.time.worked(0.25)).to.equal(0.25);
    expect(one.looks).to.deep.equal([100]);
    one.cpu = 101;
    one.time.worked(0.25);
    expect(one.looks).to.deep.equal([100, 101]);
  });

  it('is what the thread used, not what the clock did', () => {
    const one = thread();
    one.cpu = 102;
    expect(one.time.worked(30)).to.equal(2);
  });

  it('does not charge an order for those before it', () => {
    const one = thread();
    one.time.worked(0.5);
    one.cpu = 102.5;
    expect(one.time.worked(30)).to.equal(2);
  });

  it('counts what the thread slept for a guest', () => {
    const one = thread();
    one.slept = 25;
    one.cpu = 101;
    expect(one.time.worked(30)).to.equal(26);
  });

  it('is never nothing, nor more than went by', () => {
    const one = thread();
    expect(one.time.worked(30)).to.equal(30 * CERTAIN_SHARE);
    one.cpu += 1_000;
    expect(one.time.worked(30)).to.equal(30);
  });
});
