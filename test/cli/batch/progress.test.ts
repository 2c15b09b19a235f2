import { expect } from 'chai';
import type { FileBatchProgress } from '../../../src/batch/file/options.ts';
import { duration, logLine, progressText } from '../../../src/cli/batch/progress.ts';

function progress(changes: Partial<FileBatchProgress> = {}): FileBatchProgress {
  return {
    read: 12_400,
    done: 12_345,
    succeeded: 12_345,
    refused: 0,
    failed: 0,
    retried: 0,
    inFlight: 55,
    concurrency: 256,
    seconds: 1.5,
    recordsPerSecond: 8199.6,
    plugins: [],
    bytesRead: 1,
    bytesTotal: undefined,
    resumed: 0,
    ...changes,
  };
}

describe('the progress of a batch on the command line', () => {
  it('shows a bar, and the time that is left, where the size is known', () => {
    expect(progressText(progress({ bytesTotal: 3 }))).to.equal(
      '████████░░░░░░░░░░░░░░░░  33%  12,345 records  8,200 a second  3s left',
    );
    expect(progressText(progress({ bytesRead: 0, bytesTotal: 3 }))).to.match(/^░{24} {3}0% /);
  });

  it('never shows more than all, of a file that grows', () => {
    expect(progressText(progress({ bytesRead: 9, bytesTotal: 3 }))).to.match(/^█{24} 100% /);
  });

  it('shows numbers only where the size is unknown', () => {
    expect(progressText(progress())).to.equal('12,345 records  8,200 a second');
  });

  it('shows how many were without success, and how long each plugin takes', () => {
    const latencyMs = { mean: 1, p50: 0.8234, p99: 2, max: 3 };
    const plugins = [{ plugin: 'redact', stage: 0, calls: 1, unsuccessful: 0, latencyMs }];
    expect(progressText(progress({ refused: 1, failed: 2, plugins }))).to.match(
      / {2}3 without success {2}redact 0\.82 ms$/,
    );
  });

  it('is one line in a log', () => {
    expect(logLine(progress({ bytesTotal: 4 }))).to.equal('25%, 12,345 records, 8,200 a second, 5s left');
  });

  it('says how long in words', () => {
    expect([0, 7.4, 59.6, 123, 3600, 100_000].map(duration)).to.deep.equal([
      '0s',
      '7s',
      '1m 00s',
      '2m 03s',
      '1h 00m',
      '27h 46m',
    ]);
  });
});
