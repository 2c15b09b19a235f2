import { access, glob, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ROOT } from './blocks.ts';

/** What a program imports, and the file that it gets. */
const ENTRIES: Readonly<Record<string, string>> = {
  'wasm-plugin-pool': 'src/index.ts',
  'wasm-plugin-pool/testing': 'src/testing/index.ts',
  'wasm-plugin-pool/distributed': 'src/distributed/index.ts',
  'wasm-plugin-pool/plugin': 'src/guest/define-plugin.ts',
};

/** What a file exports, by its own lines: `export { a, type B } from …`, and `export class C …`. */
async function exportsOf(file: string): Promise<string[]> {
  const text = await readFile(new URL(file, ROOT), 'utf8');
  const passedOn = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) =>
    names!.split(',').map((name) => name.trim().replace(/^type /, '')),
  );
  const own = [...text.matchAll(/^export (?:class|function|interface|type|const) (\w+)/gm)].map(([, name]) => name!);
  return [...passedOn, ...own].filter((name) => name !== '');
}

/** The symbols that have a page of their own. */
async function pagesOf(entry: string): Promise<string[]> {
  const pages: string[] = [];
  const kinds = '{classes,functions,interfaces,type-aliases,variables}';
  for await (const page of glob(`docs/api/${entry}/${kinds}/*.md`, { cwd: fileURLToPath(ROOT) })) pages.push(page);
  return pages.map((page) => basename(page, '.md'));
}

describe('the API reference', () => {
  for (const [entry, file] of Object.entries(ENTRIES)) {
    it(`has a page for all that ${entry} exports`, async () => {
      const names = await exportsOf(file);
      expect(names).not.to.be.empty;
      expect(await pagesOf(entry)).to.include.members(names);
    });
  }

  it('has a page for what the package exports', async () => {
    const manifest = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8'));
    const modules = Object.keys(manifest.exports).filter((name) => !name.endsWith('.json'));
    for (const name of modules) await access(new URL(`docs/api/wasm-plugin-pool/${name}/README.md`, ROOT));
    expect(modules).to.have.lengthOf(5);
  });
});
