import { access, glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ROOT } from './blocks.ts';

const root = fileURLToPath(ROOT);

/** Every Markdown file of the project. */
const pages = (): AsyncIterable<string> => glob(['*.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: root });

const readPage = (page: string): Promise<string> => readFile(join(root, page), 'utf8');

/** Whether there is a file or folder at a path in the checkout. */
async function exists(path: string): Promise<boolean> {
  return access(join(root, path)).then(
    () => true,
    () => false,
  );
}

describe('the links of the documentation', () => {
  it('lead to files that exist', async () => {
    for await (const page of pages()) {
      for (const [, target] of (await readPage(page)).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
        expect(await exists(join(dirname(page), target!)), `${page}: ${target}`).to.equal(true);
      }
    }
  });

  it('and the paths that it names, too', async () => {
    for await (const page of pages()) {
      const text = await readPage(page);
      for (const [path] of text.matchAll(/\b(?:src|workers|wit|test|examples|docs)\/[\w./-]*\w\.(?:ts|md|wit)\b/g)) {
        const from = (await exists(path)) ? path : join(dirname(page), path);
        expect(await exists(from), `${page}: ${path}`).to.equal(true);
      }
    }
  });
});
