import { expect } from 'chai';
import { toHtml } from '../../src/bench/html.ts';
import { toMarkdown } from '../../src/bench/markdown.ts';
import { reportOf } from './reports.ts';

describe('the report as HTML', () => {
  const html = toHtml(reportOf({ engine: [2, 2, 2, 2, 2, 2], 'a <b>"&\'': [1, 1, 1, 1, 1, 1] }));

  it('shows each candidate, its ratio and the latencies', () => {
    expect(html.match(/<rect /g)).to.have.length(2);
    expect(html).to.include('<td class="better">2× (2 – 2), better</td>');
    expect(html).to.match(/<tr class="winner"><td>engine<\/td>/);
    expect(html).to.include('How many requests a second?');
    expect(html).to.include('Latency: so many requests took at most so long');
    expect(html).to.include('Lua: it is not installed');
  });

  it('loads nothing, runs nothing and takes no name for markup', () => {
    expect(html).not.to.match(/<script|<link|<img|src=|url\(|https?:/);
    expect(html).to.include(`default-src 'none'`);
    expect(html).to.include('a &#60;b&#62;&#34;&#38;&#39;');
    expect(html).not.to.include('<b>');
    expect(html).not.to.match(/NaN|Infinity|undefined/);
  });

  it('draws a curve along the axis of a case, and what it would be in proportion', () => {
    const report = reportOf({ '4 workers': [30, 30, 30], '2 workers': [18, 18, 18], '1 worker': [10, 10, 10] });
    const curve = toHtml({
      ...report,
      cases: report.cases.map((one) => ({ ...one, parameters: { axis: 'workers' } })),
    });
    expect(html).not.to.include('in proportion');
    expect(curve).to.include('in proportion').and.to.include('By workers');
    // From the fewest to the most, whatever their order in the case; 40 would be in proportion.
    const [path] = curve.match(/M[\d. L]+(?=" fill="none")/g)!.slice(-1);
    const [one, two, four] = path!
      .slice(1)
      .split('L')
      .map((point) => point.split(' ').map(Number));
    expect(two![0]! - one![0]!).to.be.closeTo((four![0]! - one![0]!) / 3, 0.2);
    expect(one![1]! - two![1]!).to.be.closeTo((one![1]! - four![1]!) * 0.4, 0.2);
  });

  it('says what it could not tell', () => {
    const few = toHtml(reportOf({ engine: [2, 2], 'a <b>"&\'': [1, 1] }));
    expect(few).to.include('2× (0 – ∞), noise');
    expect(few).not.to.match(/NaN|Infinity|undefined/);
  });

  describe('of cases that differ in their callers', () => {
    const series = (factor: number) => {
      const report = reportOf({ engine: [2, 2, 2, 2, 2, 2], glue: [1, 1, 1, 1, 1, 1] });
      const [one] = report.cases as [(typeof report.cases)[0]];
      const cases = [1, 64, 1_024].map((callers) => ({
        ...one,
        case: `16 B, ${callers} callers`,
        parameters: { bytes: 16, callers },
        metrics: one.metrics.map((metric) => ({
          ...metric,
          candidates: metric.candidates.map((candidate) => ({ ...candidate, median: candidate.median * factor })),
        })),
      }));
      return { ...report, cases };
    };

    it('draws one line for each candidate, over the callers', () => {
      const page = toHtml(series(1));
      const lines = [...page.matchAll(/<path class="now" d="(M[^"]*)"/g)].map(([, path]) => path!);
      expect(lines).to.have.length(2);
      for (const line of lines) expect(line.split('L')).to.have.length(3);
      expect(page).to.include('16 B: rate over callers').and.not.to.include('class="before"');
      expect(page).not.to.match(/NaN|Infinity|undefined/);
    });

    it('draws an older report under them, dashed', () => {
      const page = toHtml(series(1), series(0.5));
      expect(page.match(/<path class="now"/g)).to.have.length(2);
      expect(page.match(/<path class="before"[^>]*stroke-dasharray/g)).to.have.length(2);
      expect(page).to.include('engine, before');
    });
  });

  it('has one table where nobody is compared with anybody', () => {
    const report = reportOf({ engine: [2, 2] });
    const page = toHtml({ ...report, cases: report.cases.map((one) => ({ ...one, latency: {} })) });
    expect(page.match(/<table/g)).to.have.length(1);
    expect(page).not.to.include('<rect');
  });

  it('says that the machine was busy, and then neither intervals nor verdicts', () => {
    const report = reportOf({ engine: [2, 2, 2, 2, 2, 2], glue: [1, 1, 1, 1, 1, 1] });
    for (const load of [
      { before: 1.6, after: 2, calibration: [100, 100] },
      { before: 0.1, after: 2, calibration: [40, 100, 40, 100, 100] },
    ]) {
      const page = toHtml({ ...report, load });
      expect(page).to.include('Intervals and verdicts are left out');
      expect(page)
        .to.include('>2×<')
        .and.not.to.match(/2× \(|, better<|class="winner"/);
      const markdown = toMarkdown({ ...report, load });
      expect(markdown)
        .to.include('Intervals and verdicts are left out')
        .and.not.to.match(/2× \(|\*\*2/);
    }
  });
});
