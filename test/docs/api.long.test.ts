import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { ENTRIES, exportsOf, readPages } from './api.ts';
import { ROOT } from './blocks.ts';

const run = promisify(execFile);
const root = fileURLToPath(ROOT);

/** What an example may name without an import: all that is public, and an engine. */
async function writePrelude(): Promise<string> {
  const imports = Object.keys(ENTRIES).map(async (entry) => [entry, await exportsOf(ENTRIES[entry]!)] as const);
  const known = new Set<string>();
  const lines = (await Promise.all(imports)).map(([entry, names]) => {
    const added = names.filter((name) => !known.has(name));
    for (const name of added) known.add(name);
    return `import { ${added.join(', ')} } from '${entry}';`;
  });
  return `${lines.filter((line) => !line.includes('{  }')).join('\n')}\n`;
}

/** An example as a module. One with imports of its own has all that it needs. */
function programOf(example: string, prelude: string): string {
  const imports = /^import .* from 'wasm-plugin-pool/m.test(example) ? '' : prelude;
  const engine = "declare const engine: import('wasm-plugin-pool').PluginEngine;\n";
  return `${imports}${/const engine\b/.test(example) ? '' : engine}${example}\nexport {};\n`;
}

const SETTINGS = {
  extends: '../tsconfig.json',
  compilerOptions: {
    verbatimModuleSyntax: false,
    isolatedDeclarations: false,
    declaration: false,
    noUnusedLocals: false,
    types: ['node'],
    paths: Object.fromEntries(Object.entries(ENTRIES).map(([entry, file]) => [entry, [`../${file}`]])),
  },
  include: ['*.ts', '../src/**/*.d.ts'],
  exclude: [],
};

describe('the examples of the API reference', function () {
  this.timeout(180_000);
  let folder: string;

  // In the checkout, where they find Node's types and the packages.
  before(async () => {
    folder = await mkdtemp(join(root, '.api-examples-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('compile', async () => {
    const prelude = await writePrelude();
    let written = 0;
    for (const { path, examples } of await readPages()) {
      const name = path.replaceAll(/^docs\/api\/|\.md$/g, '').replaceAll('/', '.');
      for (const [index, example] of examples.entries()) {
        await writeFile(join(folder, `${name}.${index}.ts`), programOf(example, prelude));
        written++;
      }
    }
    expect(written).to.be.greaterThan(100);
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(SETTINGS));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const compiled = run(process.execPath, [tsc, '-p', folder], { cwd: folder });
    const { stdout } = await compiled.catch((error: { stdout: string }) => error);
    expect(stdout).to.equal('');
  });
});
