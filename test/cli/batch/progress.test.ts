import { expect } from 'chai';
import { progressText } from '../../../src/cli/batch/progress.ts';
import type { ByteSource } from '../../../src/cli/batch/source.ts';

const tally = { records: 12_345, troubled: 0, perSecond: 8_199.6 };

function source(position: number, size: number | undefined): ByteSource {
  return { position, size, chunks: (async function* () {})(), close: () => {} };
}

describe('progressText', () => {
  it('shows a bar where the size is known', () => {
    expect(progressText(tally, source(1, 3))).to.equal('████████░░░░░░░░░░░░░░░░  33%  12,345 records  8,200 a second');
    expect(progressText(tally, source(0, 3))).to.match(/^░{24} {3}0% /);
  });

  it('never shows more than all, of a file that grows', () => {
    expect(progressText(tally, source(9, 3))).to.match(/^█{24} 100% /);
  });

  it('shows numbers only where the size is unknown', () => {
    expect(progressText(tally, source(9, undefined))).to.equal('12,345 records  8,200 a second');
  });

  it('shows how many were without success', () => {
    expect(progressText({ ...tally, troubled: 3 }, source(9, undefined))).to.match(/ {2}3 without success$/);
  });
});
