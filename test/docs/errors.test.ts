import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { ERROR_CODES } from '../../src/errors.ts';
import { ROOT } from './blocks.ts';

describe('docs/errors.md', () => {
  let sections: { readonly code: string; readonly summary: string; readonly advice: string }[];

  before(async () => {
    const text = await readFile(new URL('docs/errors.md', ROOT), 'utf8');
    sections = text
      .split(/^### /m)
      .slice(1)
      .map((section) => {
        const [code = '', , ...body] = section.split(/^## /m)[0]!.split('\n');
        const summary = body.slice(0, body.indexOf('')).join(' ');
        return { code, summary, advice: /\*\*Do:\*\* .+/.exec(section)?.[0] ?? '' };
      });
  });

  it('has every code of the table once, in its order, and no other', () => {
    const codes = sections.map(({ code }) => code);
    expect(codes).to.deep.equal(Object.keys(ERROR_CODES));
  });

  it('says of each code what the table says', () => {
    const summaries = Object.fromEntries(sections.map(({ code, summary }) => [code, summary]));
    expect(summaries).to.deep.equal({ ...ERROR_CODES });
  });

  it('says of each code what to do', () => {
    expect(sections.filter(({ advice }) => advice === '').map(({ code }) => code)).to.deep.equal([]);
  });
});
