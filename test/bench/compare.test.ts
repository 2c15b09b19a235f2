import { expect } from 'chai';
import { compareReports, comparisonMarkdown } from '../../src/bench/compare.ts';
import { reportOf } from './reports.ts';

const ENGINE = [100, 102, 98, 101, 99, 100];
const OTHER = [50, 51, 49, 50, 52, 50];
const times = (factor: number, values: readonly number[]): number[] => values.map((value) => value * factor);
const before = reportOf({ engine: ENGINE, other: OTHER });

describe('comparing two reports', () => {
  it('finds no change where there is none', () => {
    const { changes, warnings } = compareReports(before, before);
    expect(changes.map(({ candidate, against, verdict }) => [candidate, against, verdict])).to.deep.equal([
      ['engine', null, 'noise'],
      ['other', null, 'noise'],
      ['engine', 'other', 'noise'],
    ]);
    expect(warnings).to.deep.equal([]);
    expect(comparisonMarkdown(compareReports(before, before))).to.match(
      /^### What has changed\n\n3 of 3 comparisons show no change/,
    );
  });

  it('finds a change, and says which way it goes', () => {
    const slower = reportOf({ engine: times(0.5, ENGINE), other: OTHER });
    const { changes } = compareReports(before, slower);
    expect(changes[0]).to.include({ candidate: 'engine', before: 100, after: 50, ratio: 0.5, verdict: 'worse' });
    expect(changes[0]!.p).to.be.below(0.01);
    expect(changes[1]).to.include({ candidate: 'other', verdict: 'noise' });
    expect(changes[2]).to.include({ against: 'other', verdict: 'worse' });
    expect(comparisonMarkdown(compareReports(before, slower))).to.include('0.5× (');
    const cpu = { name: 'CPU', unit: 'µs', better: 'lower' } as const;
    const cheaper = compareReports(reportOf({ engine: ENGINE }, cpu), reportOf({ engine: times(0.5, ENGINE) }, cpu));
    expect(cheaper.changes[0]).to.include({ verdict: 'better' });
  });

  it('holds on to the ratio when the machine has become slower', () => {
    const slow = reportOf({ engine: times(0.5, ENGINE), other: times(0.5, OTHER) });
    const load = { ...slow.load, calibration: times(0.5, before.load.calibration) };
    const { changes, warnings } = compareReports(before, { ...slow, load });
    expect(changes.find(({ against }) => against === 'other')).to.include({ verdict: 'noise' });
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(/^The machine ran a fixed loop at 0\.5× \(.*trust ratios/);
  });

  it('says when the runs are of different things', () => {
    const machine = { ...before.machine, cores: 64 };
    const versions = { ...before.versions, node: '26.0.0' };
    const subject = { ...before.subject, sha256: 'cd' };
    const { warnings } = compareReports(before, { ...before, machine, versions, subject, threads: 4 });
    expect(warnings).to.deep.equal([
      'Another machine: cores was 2, and is 64.',
      'Another node: it was 22.19.0, and is 26.0.0.',
      'Another plugin was measured.',
      'Threads: 2 before, 4 after.',
    ]);
  });

  it('leaves out what only one of them has', () => {
    expect(compareReports(reportOf({ other: OTHER }), reportOf({ engine: ENGINE })).changes).to.deep.equal([]);
    const { changes, warnings } = compareReports({ ...before, cases: [] }, before);
    expect(changes).to.deep.equal([]);
    expect(warnings).to.deep.equal(['Cases that are in one of the reports only, and are left out: 1.']);
  });
});
