import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { collectGarbage } from '../../src/thread/collect-garbage.ts';
import { DroppedMemory } from '../../workers/dropped-memory.ts';

const MiB = 1024 * 1024;

describe('DroppedMemory', () => {
  let collections: number;
  const collect = (): boolean => ++collections > 0;

  beforeEach(() => {
    collections = 0;
  });

  it('collects when there is more than the thread may leave lying, by bytes', () => {
    const dropped = new DroppedMemory({ bytes: 2 * MiB, memories: 100 }, collect);
    dropped.add(2 * MiB);
    dropped.settle();
    expect([dropped.isOver, collections]).to.deep.equal([false, 0]);
    dropped.add(1);
    expect(dropped.isOver).to.equal(true);
    dropped.settle();
    expect([dropped.isOver, dropped.bytes, collections]).to.deep.equal([false, 0, 1]);
  });

  it('and by memories, since an empty one takes as many addresses', () => {
    const dropped = new DroppedMemory({ bytes: MiB, memories: 2 }, collect);
    for (let memory = 0; memory < 9; memory++) {
      dropped.add(0);
      dropped.settle();
    }
    expect(collections).to.equal(3);
  });

  it('keeps the count where nothing can be collected, so that the thread goes', () => {
    const dropped = new DroppedMemory({ bytes: 0, memories: 0 }, () => ++collections < 0);
    dropped.add(MiB);
    dropped.settle();
    dropped.settle();
    expect([dropped.isOver, dropped.bytes, collections]).to.deep.equal([true, MiB, 1]);
  });
});

describe('collectGarbage', () => {
  it('gives the memory of what was dropped back at once', function () {
    if (process.platform !== 'linux') this.skip();
    expect(collectGarbage()).to.equal(true);
    const before = residentBytes();
    let most = 0;
    for (let round = 0; round < 4; round++) {
      growAndDrop();
      collectGarbage();
      most = Math.max(most, residentBytes() - before);
    }
    // Not when V8's own threads come round to it, either, which may be long after on a busy machine.
    expect(most).to.be.below(32 * MiB);
  });

  it('shows nobody else how', () => {
    collectGarbage();
    expect(runInNewContext('typeof gc')).to.equal('undefined');
  });
});

/** Leaves 64 MiB behind, in a function of its own so that nothing is left on the stack. */
function growAndDrop(): void {
  const memory = new WebAssembly.Memory({ initial: 1 });
  memory.grow(1023);
  new Uint8Array(memory.buffer).fill(1);
}

function residentBytes(): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}
