import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ENTRIES, exportsOf } from '../../scripts/api/entries.ts';
import { examplesOn } from '../../scripts/api/examples.ts';
import { ROOT } from '../../scripts/root.ts';

/** The pages of symbols. That they are what the sources say, and that the examples compile, is part of `npm run lint`. */
async function symbolPages(): Promise<string[]> {
  const pages: string[] = [];
  const kinds = '{classes,functions,interfaces,type-aliases,variables}';
  for await (const page of glob(`docs/api/**/${kinds}/*.md`, { cwd: ROOT })) pages.push(page);
  return pages.sort();
}

describe('the API reference', () => {
  for (const [entry, source] of ENTRIES) {
    it(`has a page for all that ${entry} exports`, async () => {
      const names = exportsOf(source);
      expect(names).not.to.be.empty;
      // What two entries export has its page with the first.
      const about = (await symbolPages()).map((page) => /(\w+)\.md$/.exec(page)?.[1]);
      expect(about).to.include.members(names);
    });
  }

  it('shows how each symbol is used', async () => {
    const without: string[] = [];
    for (const page of await symbolPages()) {
      if (examplesOn(await readFile(join(ROOT, page), 'utf8')).length === 0) without.push(page);
    }
    expect(without).to.deep.equal([]);
  });
});
