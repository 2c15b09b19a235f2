import { expect } from 'chai';
import { toHtml } from '../../src/bench/html.ts';
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
});
