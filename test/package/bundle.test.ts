import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { build } from 'esbuild';
import { withClassNames } from '../../scripts/bundle/class-names.ts';
import { ALONE, BENCHMARK, LIBRARY } from '../../scripts/bundle/entries.ts';
import { ROOT } from '../../scripts/root.ts';

/** Files that may say where they are. In a bundle that is elsewhere, and each has to be right there, too. */
const MAY_SAY_WHERE = [
  'src/bench/environment.ts',
  'src/cli/build/javascript.ts',
  'src/cli/build/project.ts',
  'src/host/imports/supplied-modules.ts',
  'src/package/root.ts',
];

describe('The bundles of the package', () => {
  it('are those of what is imported, run and started, each once', () => {
    const entries = [...LIBRARY, ...BENCHMARK, ...ALONE];
    expect(entries).to.include.members(['src/index.ts', 'src/cli/main.ts', 'src/testing/index.ts']);
    expect(entries).to.include.members(['workers/plugin-worker.ts', 'src/isolation/child/main.ts']);
    expect(entries).to.include.members(['src/host/imports/suppliers/wasi-config.ts', 'src/bench/candidates/engine.ts']);
    expect(new Set(entries)).to.have.lengthOf(entries.length);
  });

  it('have nothing that looks for its neighbours by its own place', async () => {
    const saying: string[] = [];
    for (const path of globSync('{src,workers}/**/*.ts', { cwd: ROOT })) {
      // Comments aside.
      if (/^(?! *(\*|\/\*)).*\bimport\.meta\b/m.test(await readFile(join(ROOT, path), 'utf8'))) saying.push(path);
    }
    expect(saying.sort()).to.deep.equal(MAY_SAY_WHERE);
  });

  it('call classes by their names, also those that mention themselves', async () => {
    const { outputFiles } = await build({
      entryPoints: [join(ROOT, 'src/errors.ts')],
      bundle: true,
      write: false,
      format: 'esm',
    });
    const [{ text } = { text: '' }] = outputFiles;
    expect(text).to.include('class _PluginError');
    const bundle = withClassNames(text);
    expect(bundle).not.to.include('_PluginError');
    const { PluginError } = await import(`data:text/javascript,${encodeURIComponent(bundle)}`);
    const error = new PluginError('ERR_TRAP', 'It trapped').with({ plugin: 'redact' });
    expect(inspect(error)).to.match(/^PluginError: It trapped\n/);
    expect(error).to.be.instanceOf(PluginError);
  });
});
