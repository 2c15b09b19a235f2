import { expect } from 'chai';
import { addressesForMemories, filesForPlugins, readProcessLimits } from '../../src/engine/process-limits.ts';

describe('readProcessLimits', () => {
  it('reads what Linux says', async function () {
    if (process.platform !== 'linux') this.skip();
    const limits = (await readProcessLimits())!;
    expect(limits.files.open).to.be.within(3, limits.files.most);
    expect(limits.addresses.used).to.be.within(2 ** 20, limits.addresses.most);
  });

  it('leaves the host a half of the files and two thirds of the addresses', () => {
    const limits = (files: number) => ({
      files: { most: files, open: 36 },
      addresses: { most: 5 * 2 ** 30, used: 2 * 2 ** 30 },
    });
    expect(filesForPlugins(limits(300))).to.equal(100);
    expect(filesForPlugins(limits(64))).to.equal(16);
    expect(filesForPlugins(limits(Number.POSITIVE_INFINITY))).to.equal(2 ** 30);
    expect(addressesForMemories(limits(300))).to.equal(2 ** 30);
  });
});
