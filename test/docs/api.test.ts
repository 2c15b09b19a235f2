import { access, readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { ENTRIES, exportsOf, type Page, readPages } from './api.ts';
import { ROOT } from './blocks.ts';

describe('the API reference', () => {
  let pages: Page[];

  before(async () => {
    pages = await readPages();
  });

  for (const [entry, file] of Object.entries(ENTRIES)) {
    it(`has a page for all that ${entry} exports`, async () => {
      const names = await exportsOf(file);
      expect(names).not.to.be.empty;
      // What two entries export has its page with the first.
      const about = pages.map(({ path }) => /(\w+)\.md$/.exec(path)?.[1]);
      expect(about).to.include.members(names);
    });
  }

  it('has a page for each entry of the package', async () => {
    const manifest = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8'));
    const entries = Object.keys(manifest.exports).filter((name) => !name.endsWith('.json'));
    expect(entries.map((name) => name.replace(/^\./, 'wasm-plugin-pool')).sort()).to.deep.equal(
      Object.keys(ENTRIES).sort(),
    );
    for (const entry of Object.keys(ENTRIES)) await access(new URL(`docs/api/${entry}/README.md`, ROOT));
  });

  it('shows how each symbol is used', () => {
    const without = pages.filter(({ examples }) => examples.length === 0).map(({ path }) => path);
    expect(without).to.deep.equal([]);
  });
});
