import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);

/** Prints what a program loads, from the first import to the last. */
const LIST_LOADED = `data:text/javascript,
import { registerHooks } from 'node:module';
const loaded = [];
registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
process.on('exit', () => process.stdout.write(JSON.stringify(loaded)));`;

const INDEX = new URL('../../src/index.ts', import.meta.url).href;

/** What `import 'wasm-plugin-pool'` loads. */
async function loadedByImport(): Promise<string[]> {
  const { stdout } = await run(process.execPath, ['--import', LIST_LOADED, fileURLToPath(INDEX)]);
  return JSON.parse(stdout) as string[];
}

describe('the import of the library', () => {
  let loaded: string[];

  before(async () => {
    loaded = await loadedByImport();
  });

  it('loads the surface and what may be used without an engine', () => {
    expect(loaded.filter((url) => !url.startsWith('node:'))).to.have.lengthOf.within(2, 28);
  });

  it('loads one package, and nothing of Node that starts threads or processes', () => {
    // Not those that the first engine needs, nor those of the command line, the benchmark or what else is asked for by itself.
    const packages = loaded.flatMap((url) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
    expect([...new Set(packages)]).to.deep.equal(['eventemitter3']);
    expect(loaded).not.to.include.members(['node:worker_threads']);
    expect(loaded).not.to.include.members(['node:child_process']);
  });
});
