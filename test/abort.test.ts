import { expect } from 'chai';
import { whenAborted } from '../src/abort.ts';

describe('whenAborted', () => {
  it('calls every listener once, but those that were taken back', () => {
    const controller = new AbortController();
    const called: number[] = [];
    const forget = [0, 1, 2].map((index) => whenAborted(controller.signal, () => called.push(index)));
    forget[1]!();
    controller.abort();
    expect(called).to.deep.equal([0, 2]);
    for (const one of forget) one();
  });

  it('has one listener of the signal for all, and none when nobody waits', () => {
    const { signal } = new AbortController();
    let added = 0;
    let removed = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      added++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      removed++;
      removeEventListener.apply(signal, args);
    };
    const forget = Array.from({ length: 1000 }, () => whenAborted(signal, () => {}));
    expect([added, removed]).to.deep.equal([1, 0]);
    for (const one of forget) one();
    expect([added, removed]).to.deep.equal([1, 1]);
  });
});
