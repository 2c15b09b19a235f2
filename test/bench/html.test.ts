import { expect } from 'chai';
import { toHtml } from '../../src/bench/html.ts';
import { reportOf } from './reports.ts';

describe('the report as HTML', () => {
  const html = toHtml(reportOf({ engine: [2, 2, 2, 2, 2, 2], 'a <b>"&\'': [1, 1, 1, 1, 1, 1] }));

  it('shows each candidate, its ratio and the latencies', () => {
    expect(html.match(/<rect /g)).to.have.length(2);
    expect(html).to.include('1 /s; 2× (2 – 2), better');
    expect(html).to.include('font-weight="bold">engine</text>');
    expect(html).to.include('latency in ms');
    expect(html).to.include('Lua: it is not installed');
  });

  it('loads nothing, runs nothing and takes no name for markup', () => {
    expect(html).not.to.match(/<script|<link|<img|src=|url\(|https?:/);
    expect(html).to.include(`default-src 'none'`);
    expect(html).to.include('a &#60;b&#62;&#34;&#38;&#39;');
    expect(html).not.to.include('<b>');
    expect(html).not.to.match(/NaN|Infinity|undefined/);
  });
});
