import { readFile } from 'node:fs/promises';
import { expect } from 'chai';

const ROOT = new URL('../../', import.meta.url);
/** `(\`test/file.ts\`: the title of a test)` at the end of a cell. */
const EVIDENCE = /\(`(test\/[^`]+\.ts)`: ([^|]+)\) +\|/g;

describe('docs/security.md', () => {
  it('names tests that there are, for each cell of the table of both tiers', async () => {
    const document = await readFile(new URL('docs/security.md', ROOT), 'utf8');
    const section = /^## What ends or fills a process, in both tiers$(.*?)^## /ms.exec(document)![1]!;
    const rows = section
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(2);
    const named = rows.map((row) => [...row.matchAll(EVIDENCE)]);
    for (const [index, cells] of named.entries()) expect(cells.length, rows[index]).to.equal(2);
    for (const [, file, title] of named.flat()) {
      const test = await readFile(new URL(file!, ROOT), 'utf8');
      expect(test.includes(title!), `${file}: ${title}`).to.equal(true);
    }
    expect(rows.length).to.be.above(12);
  });
});
