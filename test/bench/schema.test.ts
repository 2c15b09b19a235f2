import { expect } from 'chai';
import { findProblem, formatReport, parseReport, REPORT_SCHEMA } from '../../src/bench/schema.ts';
import { reportOf } from './reports.ts';

const report = reportOf({ engine: [2, 2, 2], other: [1, 1, 1] });

/** The report with something else in one place. */
function changed(path: string, value: unknown): string {
  const copy = JSON.parse(formatReport(report));
  const keys = path.split('.');
  const last = keys.pop()!;
  const target = keys.reduce((object, key) => object[key], copy);
  if (value === undefined) delete target[last];
  else target[last] = value;
  return JSON.stringify(copy);
}

describe('the schema of a report', () => {
  it('takes what the harness writes, and gives it back', () => {
    expect(parseReport(formatReport(report))).to.deep.equal(report);
  });

  it('has a line for a list of numbers, and six digits of a fraction', () => {
    const json = formatReport({ ...report, load: { before: 1 / 3, after: 1e9 + 1, calibration: [1, 2.5] } });
    expect(json).to.include('"before": 0.333333,').and.to.include('"after": 1000000001,');
    expect(json).to.include('"calibration": [ 1, 2.5 ]');
    const subject = { ...report.subject, file: '[\n1,\n2]' };
    expect(parseReport(formatReport({ ...report, subject })).subject).to.deep.equal(subject);
  });

  it('keeps an interval without a bound', () => {
    expect(report.cases[0]!.metrics[0]!.comparisons[0]!.high).to.equal(Number.POSITIVE_INFINITY);
    expect(parseReport(formatReport(report)).cases[0]!.metrics[0]!.comparisons[0]!.high).to.equal(
      Number.POSITIVE_INFINITY,
    );
  });

  const problems: [path: string, value: unknown, says: string][] = [
    ['format', 2, 'expected `report.format` to be 1, got 2'],
    ['machine', undefined, '`report.machine` is missing'],
    ['machine.cores', 1.5, 'expected `report.machine.cores` to be of type integer, got 1.5'],
    ['load.calibration', [1, 'x'], 'expected `report.load.calibration[1]` to be of type number, got "x"'],
    ['durationMs', -1, 'expected `report.durationMs` to be 0 or more, got -1'],
    ['cases.0.metrics.0.better', 'up', '`report.cases[0].metrics[0].better` to be one of higher, lower, got "up"'],
    ['cases.0.metrics.0.winner', 3, '`report.cases[0].metrics[0].winner` to be of type string or null, got 3'],
    ['cases.0.latency.engine', [[1]], '`report.cases[0].latency.engine[0]` to have 2 items, got 1'],
    ['surprise', 1, '`report.surprise` is not known'],
  ];
  for (const [path, value, says] of problems) {
    it(`says that ${says}`, () => {
      expect(() => parseReport(changed(path, value))).to.throw(TypeError, says);
    });
  }

  it('looks at own properties only', () => {
    expect(() => parseReport('{"__proto__": {}}')).to.throw(TypeError, 'is missing');
    expect(findProblem([], REPORT_SCHEMA, 'report')).to.equal('expected `report` to be of type object, got []');
  });
});
