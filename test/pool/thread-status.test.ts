import { expect } from 'chai';
import { PHASES, ThreadStatus } from '../../src/pool/thread-status.ts';

/** What a worker shows, and what the main thread sees of it. */
function pair(): { worker: ThreadStatus; main: ThreadStatus } {
  const worker = new ThreadStatus();
  return { worker, main: new ThreadStatus(worker.buffer) };
}

describe('ThreadStatus', () => {
  it('tells the phases apart, and two calls of the same phase', () => {
    const { worker, main } = pair();
    const seen = new Set<number>();
    for (const phase of PHASES) {
      worker.enter(phase);
      expect(main.phase).to.equal(phase);
      seen.add(main.entries);
      worker.enter(phase);
      expect(main.phase).to.equal(phase);
      seen.add(main.entries);
    }
    expect(seen.size).to.equal(PHASES.length * 2);
  });

  it('gives a section to whoever decides first', () => {
    const { worker, main } = pair();
    worker.enterSection(1);
    expect(main.section).to.equal(1);
    expect(main.killSection(2)).to.equal(false);
    expect(worker.leaveSection(1)).to.equal(true);
    expect(main.killSection(1)).to.equal(false);
    worker.enterSection(2);
    expect(main.killSection(2)).to.equal(true);
    expect(worker.leaveSection(2)).to.equal(false);
  });
});
