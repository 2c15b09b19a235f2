import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../root.ts';
import { ENTRIES, exportsOf } from './entries.ts';

const run = promisify(execFile);

/** The examples on a page of the reference: blocks of their own, and those of properties, which stand in a row. */
export function examplesOn(page: string): string[] {
  const blocks = page.matchAll(/^#+ Example\n\n```ts\n(.*?)\n```$/gms);
  const rows = page.matchAll(/\*\*Example\*\* `([^`]+)`/g);
  return [...blocks, ...rows].map(([, code]) => code!);
}

/** What an example may name without an import: all that is public. */
function prelude(): string {
  const known = new Set<string>();
  const lines = [...ENTRIES].map(([entry, source]) => {
    const added = exportsOf(source).filter((name) => !known.has(name));
    for (const name of added) known.add(name);
    return added.length === 0 ? '' : `import { ${added.join(', ')} } from '${entry}';\n`;
  });
  return lines.join('');
}

/** An example as a module, with an engine. One with imports of its own has all that it needs. */
function programOf(example: string, imports: string): string {
  const own = /^import .* from 'wasm-plugin-pool/m.test(example);
  const engine = "declare const engine: import('wasm-plugin-pool').PluginEngine;\n";
  return `${own ? '' : imports}${/const engine\b/.test(example) ? '' : engine}${example}\nexport {};\n`;
}

const SETTINGS = {
  extends: '../tsconfig.json',
  compilerOptions: {
    verbatimModuleSyntax: false,
    isolatedDeclarations: false,
    declaration: false,
    noUnusedLocals: false,
    types: ['node'],
    paths: Object.fromEntries([...ENTRIES].map(([entry, source]) => [entry, [`../${source}`]])),
  },
  include: ['*.ts', '../src/**/*.d.ts'],
  exclude: [],
};

/** What the compiler has to say of the examples on pages of the reference; nothing if they are all right. */
export async function compileExamples(pages: ReadonlyMap<string, string>): Promise<string> {
  // In the checkout, where they find Node's types and the packages.
  const folder = await mkdtemp(join(ROOT, '.api-examples-'));
  try {
    const imports = prelude();
    for (const [page, text] of pages) {
      const name = page.replace(/\.md$/, '').replaceAll('/', '.');
      for (const [index, example] of examplesOn(text).entries()) {
        await writeFile(join(folder, `${name}.${index}.ts`), programOf(example, imports));
      }
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(SETTINGS));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const compiled = run(process.execPath, [tsc, '-p', folder], { cwd: folder });
    return (await compiled.catch((error: { stdout: string }) => error)).stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}
