import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type Application, makeApplication } from '../support/built-package.ts';

const run = promisify(execFile);
const MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/** Each entry point that needs no optional peer, and something of it. */
const PROGRAM = `
import { type EngineOptions, PluginEngine, PluginError } from 'wasm-plugin-pool';
import * as host from 'wasm-plugin-pool/host';
import * as plugin from 'wasm-plugin-pool/plugin';

const options: EngineOptions = { threads: 2 };
const engine: PluginEngine = await PluginEngine.create(options);
engine.on('plugin:log', ({ message }) => console.log(message.toUpperCase()));
const { output }: { output: string } = await engine.process('redact', { input: 'x' }, { deadlineMs: 5 });
export const code: string | undefined = output === '' ? undefined : new PluginError('ERR_TRAP', output).code;
export const entries: readonly object[] = [host, plugin];
`;

describe('the types of the package', function () {
  this.timeout(120_000);
  let app: Application;

  before(async () => {
    app = await makeApplication();
    await writeFile(join(app.folder, 'package.json'), '{"type": "module"}');
    await writeFile(join(app.folder, 'program.ts'), PROGRAM);
    // As npm lays them, so that all of them see one @types/node: the oldest that the package supports.
    await rm(join(app.packageFolder, 'node_modules'));
    const manifest = JSON.parse(await readFile(join(app.packageFolder, 'package.json'), 'utf8'));
    const links = Object.keys(manifest.dependencies).map((name): [string, string] => [name, name]);
    links.push(['@types/node', '@types/node-22'], ['undici-types', '@types/node-22/node_modules/undici-types']);
    for (const [name, from] of links) {
      const link = join(app.folder, 'node_modules', name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(join(MODULES, from), link);
    }
  });
  after(() => app.remove());

  for (const [version, compiler] of [
    ['5', 'typescript-5'],
    ['6', 'typescript-6'],
    ['7', 'typescript'],
  ] as const) {
    for (const resolution of ['nodenext', 'bundler']) {
      it(`hold with TypeScript ${version}, resolved as by ${resolution}, declarations checked`, async () => {
        const flags = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--types', 'node', '--preserveSymlinks'];
        // No DOM, whose types are not there in Node.
        const libraries = ['--target', 'es2022', '--lib', 'es2022'];
        const modules = [
          '--module',
          resolution === 'bundler' ? 'esnext' : resolution,
          '--moduleResolution',
          resolution,
        ];
        const tsc = join(MODULES, compiler, 'bin/tsc');
        const compiled = run(process.execPath, [tsc, ...flags, ...libraries, ...modules, 'program.ts'], {
          cwd: app.folder,
        });
        const { stdout } = await compiled.catch((error: { stdout: string }) => error);
        expect(stdout).to.equal('');
      });
    }
  }
});
