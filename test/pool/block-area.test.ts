import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import { BlockArea } from '../../src/pool/block-area.ts';

const ORDER = { bytes: Buffer.from('abc'), count: 3, recipe: 0, firstIndex: 0, firstLine: 1, isUtf8: true };

/** Both sides of one area, with a block of three records in it. */
function begun(): { main: BlockArea; worker: BlockArea } {
  const main = new BlockArea();
  main.begin(ORDER);
  return { main, worker: new BlockArea(main.buffer) };
}

describe('BlockArea', () => {
  it('tells of each record whether it is done, runs or has not begun', () => {
    const { main, worker } = begun();
    expect([main.done, main.running]).to.deep.equal([0, undefined]);
    expect(worker.claim(0)).to.equal(true);
    expect([main.done, main.running]).to.deep.equal([0, 0]);
    expect(worker.finish(0, 10, 1, 1, 0, 0)).to.equal('next');
    expect(main.progress()).to.deep.equal({ done: 1, outputEnd: 10, sideEnd: 1, succeeded: 1, refused: 0, failed: 0 });
    expect(main.running).to.equal(undefined);
  });

  it('has nothing begin that was taken back', () => {
    const { main, worker } = begun();
    expect(main.recallRest()).to.equal(0);
    expect(worker.claim(0)).to.equal(false);
    expect(main.recallRest()).to.equal(0);
  });

  it('lets a record finish whose neighbours were taken back, and nothing after it', () => {
    const { main, worker } = begun();
    worker.claim(0);
    expect([main.recallRest(), main.recallRest(), main.running]).to.deep.equal([1, 1, 0]);
    expect(worker.finish(0, 10, 0, 1, 0, 0)).to.equal('end');
    expect(worker.claim(1)).to.equal(false);
    expect(main.progress()?.outputEnd).to.equal(10);
    expect(main.recallRest()).to.equal(1);
  });

  for (const rest of ['with', 'without'] as const) {
    it(`kills a record only while it runs, ${rest} its neighbours`, () => {
      const { main, worker } = begun();
      expect(main.kill()).to.equal(false);
      worker.claim(0);
      worker.finish(0, 5, 0, 1, 0, 0);
      expect(main.kill()).to.equal(false);
      worker.claim(1);
      if (rest === 'without') main.recallRest();
      expect([main.kill(), main.kill()]).to.deep.equal([true, false]);
      expect(worker.finish(1, 99, 9, 2, 0, 0)).to.equal('killed');
      // What the worker wrote of the record that was given up is not what is read of those before it.
      expect(main.progress()).to.deep.equal({ done: 1, outputEnd: 5, sideEnd: 0, succeeded: 1, refused: 0, failed: 0 });
      expect(main.recallRest()).to.equal(2);
      expect(worker.claim(2)).to.equal(false);
    });
  }
});
