import { expect } from 'chai';
import type { FileBatchProgress } from '../../../src/batch/file/options.ts';
import { duration, logLine, progressText } from '../../../src/cli/batch/progress.ts';

function progress(changes: Partial<FileBatchProgress> = {}): FileBatchProgress {
  return {
    read: 12_345,
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

  it('counts what is done, not what was read', () => {
    const all = { bytesRead: 3, bytesTotal: 3, inFlight: 5000 };
    expect(logLine(progress({ ...all, read: 10_000, done: 5000 }))).to.match(/^50%, 5,000 records, .*, 1s left$/);
    expect(logLine(progress({ ...all, read: 4000, resumed: 6000, done: 8000 }))).to.match(/^80%, /);
    expect(logLine(progress({ ...all, read: 0, resumed: 0, done: 0 }))).to.match(/^0%, 0 records/);
    expect(logLine(progress({ ...all, read: 10_000, done: 9999 }))).to.match(/^99%, /);
  });

  it('says that nothing gets done, and for how long', () => {
    const stuck = progress({ bytesRead: 3, bytesTotal: 3, read: 12_346, inFlight: 1 });
    expect(logLine(stuck, 4)).to.not.contain('nothing');
    expect(logLine(stuck, 312)).to.match(/, nothing done for 5m 12s, 1 in flight$/);
    expect(logLine(progress({ inFlight: 0 }), 312)).to.not.contain('nothing');
  });

  it('names the record that nothing gets done for', () => {
    const oldest = { plugin: 'redact', index: 1234, id: 'a\n7', seconds: 311 };
    const text = logLine(progress({ inFlight: 1, oldest }), 312);
    expect(text).to.match(/, 1 in flight, redact has record 1,234 \("a\\n7"\) for 5m 11s$/);
    const blocked = progress({ inFlight: 1, oldest: { ...oldest, id: undefined } });
    expect(logLine(blocked, 312)).to.match(/, redact has record 1,234 for 5m 11s$/);
    expect(logLine(progress({ inFlight: 1, oldest }), 1)).not.to.contain('redact');
  });

  it('says milliseconds in digits, however many', () => {
    const text = (p50: number): string => {
      const plugins = [
        { plugin: 'p', stage: 0, calls: 1, unsuccessful: 0, latencyMs: { mean: 1, p50, p99: 2, max: 3 } },
      ];
      return logLine(progress({ plugins })).replace(/.*?(?=p \d)/, '');
    };
    expect([0.0123, 9.94, 99.6, 131_072].map(text)).to.deep.equal([
      'p 0.012 ms',
      'p 9.9 ms',
      'p 100 ms',
      'p 131,072 ms',
    ]);
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
