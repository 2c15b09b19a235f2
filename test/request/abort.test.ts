import { expect } from 'chai';
import { type Abortable, unwatchSignal, watchSignal } from '../../src/request/abort.ts';

describe('watchSignal', () => {
  it('tells each once, but those that were taken back', () => {
    const controller = new AbortController();
    const heard: number[] = [];
    const all = [0, 1, 2].map((index): Abortable => ({ aborted: () => heard.push(index) }));
    for (const one of all) watchSignal(controller.signal, one);
    unwatchSignal(controller.signal, all[1]!);
    controller.abort();
    expect(heard).to.deep.equal([0, 2]);
    for (const one of all) unwatchSignal(controller.signal, one);
  });

  it('does not tell those that are taken back because of what the first hear', () => {
    const controller = new AbortController();
    const heard: number[] = [];
    const all = [0, 1, 2].map(
      (index): Abortable => ({
        aborted: (signal) => {
          heard.push(index);
          for (const other of all.slice(1)) unwatchSignal(signal, other);
        },
      }),
    );
    for (const one of all) watchSignal(controller.signal, one);
    controller.abort();
    expect(heard).to.deep.equal([0]);
  });

  it('has one listener of the signal for all, and none when nobody waits', () => {
    const { signal } = new AbortController();
    const counts = { added: 0, removed: 0 };
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      counts.added++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      counts.removed++;
      removeEventListener.apply(signal, args);
    };
    const all = Array.from({ length: 1000 }, (): Abortable => ({ aborted: () => {} }));
    for (const one of all) watchSignal(signal, one);
    expect(counts).to.deep.equal({ added: 1, removed: 0 });
    for (const one of all) unwatchSignal(signal, one);
    expect(counts).to.deep.equal({ added: 1, removed: 1 });
  });
});
