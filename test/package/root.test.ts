import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';
import type * as Root from '../../src/package/root.ts';
import { codeFile, packageRoot } from '../../src/package/root.ts';
import { VERSION } from '../../src/package/version.ts';

const SOURCE = fileURLToPath(new URL('../../src/package/root.ts', import.meta.url));

describe('where the package lies', () => {
  it('is known to its own files', () => {
    expect(packageRoot().href).to.equal(new URL('../../', import.meta.url).href);
    expect(codeFile('workers/plugin-worker').href).to.equal(
      new URL('../../workers/plugin-worker.ts', import.meta.url).href,
    );
  });

  for (const [format, extension] of [
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ] as const) {
    describe(`in a bundle as ${format}`, () => {
      let top: string;
      let bundle: string;

      const place = async (folder: string, manifest: object): Promise<string> => {
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
        return folder;
      };

      /** A copy of the code that has been told nothing yet. */
      const load = async (): Promise<typeof Root> => {
        const loaded = await import(`${pathToFileURL(bundle).href}?${Math.random()}`);
        if (format === 'cjs') delete (await import('node:module')).createRequire(bundle).cache[bundle];
        return loaded;
      };

      beforeEach(async () => {
        top = await realpath(await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-')));
        bundle = join(top, `app/out/host.${extension}`);
        await build({
          entryPoints: [SOURCE],
          outfile: bundle,
          bundle: true,
          platform: 'node',
          format,
          logLevel: 'error',
        });
      });

      afterEach(() => rm(top, { recursive: true, force: true }));

      it('is where the program finds it', async () => {
        const folder = await place(join(top, 'node_modules/wasm-plugin-pool'), {
          name: 'wasm-plugin-pool',
          version: VERSION,
        });
        const { codeFile, packageRoot } = await load();
        expect(packageRoot().href).to.equal(`${pathToFileURL(folder).href}/`);
        expect(codeFile('workers/io-worker').pathname).to.match(/\/wasm-plugin-pool\/dist\/workers\/io-worker\.js$/);
      });

      it('is where it was told, before anything that it finds', async () => {
        await place(join(top, 'node_modules/wasm-plugin-pool'), { name: 'wasm-plugin-pool', version: '0.0.1' });
        const folder = await place(join(top, 'vendor/pool'), { name: 'wasm-plugin-pool', version: VERSION });
        const { packageRoot, usePackageDirectory } = await load();
        for (const told of [folder, pathToFileURL(folder)]) {
          usePackageDirectory(told);
          expect(packageRoot().href).to.equal(`${pathToFileURL(folder).href}/`);
        }
      });

      it('is nowhere when it is not installed, which one line says', async () => {
        const { assertPackage } = await load();
        expect(assertPackage).to.throw(/This program was bundled, and wasm-plugin-pool is not installed where it runs/);
        expect(caught(assertPackage)).to.include({ code: 'ERR_UNSUPPORTED_ENVIRONMENT' });
        expect(caught(assertPackage).hint).to.match(/^Mark `wasm-plugin-pool` as external in the bundler, or /);
      });

      it('is not where there is another package, or another version of it', async () => {
        const { assertPackage, usePackageDirectory } = await load();
        usePackageDirectory(await place(join(top, 'other'), { name: 'other', version: VERSION }));
        expect(assertPackage).to.throw(/There is no wasm-plugin-pool in the option packageDirectory, ".*other"/);
        usePackageDirectory(await place(join(top, 'old'), { name: 'wasm-plugin-pool', version: '0.0.1' }));
        expect(assertPackage).to.throw(/bundled with wasm-plugin-pool \S+, and 0\.0\.1 is installed/);
      });
    });
  }
});

function caught(run: () => void): { code?: string; hint?: string } {
  try {
    run();
  } catch (error) {
    return error as object;
  }
  return {};
}
