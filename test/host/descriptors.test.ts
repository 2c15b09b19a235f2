import { expect } from 'chai';
import { Descriptors } from '../../src/host/descriptors.ts';

describe('Descriptors', () => {
  let descriptors: Descriptors;

  beforeEach(() => {
    descriptors = new Descriptors();
    descriptors.limit = 10;
  });

  it('gives one as long as it has more than the asker holds', () => {
    let held = 0;
    while (descriptors.take(held)) held++;
    expect([held, descriptors.open]).to.deep.equal([6, 6]);
    // Others, who hold none, get what is left.
    for (let left = 4; left > 0; left--) expect(descriptors.take(0)).to.equal(true);
    expect(descriptors.take(0)).to.equal(false);
    descriptors.give();
    expect(descriptors.take(0)).to.equal(true);
  });

  it('is shared, and takes back what a thread that ended had', () => {
    const own = new SharedArrayBuffer(4);
    const worker = new Descriptors();
    worker.join(descriptors.buffer, own);
    expect([worker.take(0), worker.take(1), descriptors.take(0)]).to.deep.equal([true, true, true]);
    expect([worker.limit, descriptors.open]).to.deep.equal([10, 3]);
    descriptors.ended(own);
    expect(descriptors.open).to.equal(1);
    descriptors.ended(own);
    expect(descriptors.open).to.equal(1);
  });
});
