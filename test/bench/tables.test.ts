import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { comparisonTable } from '../../bench/tables/comparison.ts';
import { fill } from '../../bench/tables/documents.ts';
import { generated, ROOT } from '../../bench/tables/generated.ts';
import { reportOf } from './reports.ts';

const report = reportOf({ engine: [3, 3, 3, 3, 3, 3], gRPC: [1, 1, 1, 1, 1, 1] });

describe('the tables of the documentation', () => {
  it('are what `npm run bench:tables` writes from the newest report', async () => {
    for (const [path, text] of await generated())
      expect(await readFile(new URL(path, ROOT), 'utf8'), path).to.equal(text);
  });

  it('take their numbers from a report, and say where it has none', () => {
    const table = comparisonTable(report);
    expect(table).to.include('for each of 3 /s').and.to.include('for each of 1 /s');
    expect(table).to.include('for each of not measured');
  });

  it('support whatever they claim by a test or by what was measured', () => {
    const rows = comparisonTable(report).split('\n').slice(2);
    expect(rows.map((row) => row.split('|')[1]!.trim())).to.deep.equal([
      ...['isolation', 'languages', 'overhead', 'memory safety', 'contract', 'hot reload', 'debugging'],
      'resource control',
    ]);
    for (const row of rows.filter((one) => !one.startsWith('| overhead'))) {
      for (const cell of row.split('|').slice(2, -1)) expect(cell).to.match(/\]\(\.\.\/(test|bench)\//);
    }
  });

  it('stand between markers, and nothing else is touched', () => {
    const page = 'before\n<!-- bench: origin -->\nold\n<!-- /bench -->\nafter\n';
    const filled = fill(page, report);
    expect(filled).to.match(
      /^before\n<!-- bench: origin -->\n\nMeasured on 2026-01-02 .*\n\n<!-- \/bench -->\nafter\n$/,
    );
    expect(fill(filled, report)).to.equal(filled);
    expect(() => fill(page.replace('origin', 'speed'), report)).to.throw('There is no `speed`');
    expect(() => fill(page.replace('<!-- /bench -->', ''), report)).to.throw('no other end');
  });
});
