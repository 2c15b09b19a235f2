import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { closeAll, sandbox, tree } from './sandbox.ts';

/** Frames from the end of the stack at which the function is tried; the host's functions take fewer than this. */
const DEPTHS = 2000;

/** Runs a function with almost no stack, and with a little more each time. What it throws does not count. */
function nearTheEnd(run: () => void): void {
  let left = DEPTHS;
  const descend = (): void => {
    try {
      descend();
    } catch {}
    if (left-- <= 0) return;
    try {
      run();
    } catch {}
  };
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  descend();
  Error.stackTraceLimit = stackTraceLimit;
}

describe('little stack', () => {
  it('leaves no descriptor open that nobody knows', () => {
    const files = tree();
    const count = (): number => readdirSync('/proc/self/fd').length;
    try {
      const before = count();
      const root = sandbox({ allowFsWrite: [{ directory: files.granted, mount: '/data' }] }).preopen('/data');
      const follow = { symlinkFollow: true };
      let reached = 0;
      root.metadataHashAt(follow, 'sub/file');
      nearTheEnd(() => {
        root.metadataHashAt(follow, 'sub/file');
        reached++;
      });
      nearTheEnd(() => root.openAt(follow, 'sub/file', {}, { read: true })[Symbol.dispose]());
      expect(reached).to.be.above(0).and.below(DEPTHS);
      closeAll();
      expect(count()).to.equal(before);
    } finally {
      files.remove();
    }
  });
});
