import { execFile } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { build, type Format } from 'esbuild';
import { type Application, makeApplication } from '../support/built-package.ts';

const run = promisify(execFile);
const REDACT = fileURLToPath(new URL('../../examples/plugins/redact/redact.wasm', import.meta.url));

const HOST = `
import { PluginEngine, PluginError } from 'wasm-plugin-pool';
const { PACKAGE_DIRECTORY: packageDirectory, ISOLATION: isolation } = process.env;
async function main() {
  const engine = await PluginEngine.create({
    threads: 1,
    cacheDirectory: false,
    ...(packageDirectory !== undefined && { packageDirectory }),
    ...(isolation !== undefined && { isolation }),
  });
  await engine.loadPlugin('redact', ${JSON.stringify(REDACT)}, { failurePolicy: {} });
  const { output } = await engine.process('redact', { input: 'Write to ada@example.org' });
  const failure = await engine.process('nobody', { input: '' }).catch((error) => error);
  const metrics = await engine.metrics.prometheus();
  console.log(output, failure instanceof PluginError, metrics.includes('wasm_plugin_pool_'));
  await engine.close();
}
main().catch(({ code, message, hint }) => console.log(code + ': ' + message + '. ' + hint));
`;

const ANSWER = 'Write to ***@*******.*** true true\n';
const NOT_THERE =
  /^ERR_UNSUPPORTED_ENVIRONMENT: This program was bundled, .*\. Mark `wasm-plugin-pool` as external.*\n$/;

/** Node builds executables since 25.5. */
const BUILDS_EXECUTABLES = /--build-sea/.test((await run(process.execPath, ['--help'])).stdout);

describe('a bundled host', function () {
  this.timeout(300_000);
  let app: Application;

  before(async () => {
    app = await makeApplication();
    await writeFile(join(app.folder, 'host.js'), HOST);
  });
  after(() => app.remove());

  /** Bundles the host to a path below the program's folder, or beside it. */
  async function bundle(format: Format, to: string, external: string[] = []): Promise<string> {
    const outfile = join(app.folder, to);
    await build({
      absWorkingDir: app.folder,
      entryPoints: ['host.js'],
      outfile,
      bundle: true,
      platform: 'node',
      format,
      external,
      logLevel: 'error',
    });
    return outfile;
  }

  /** What a program writes, with nothing of this process's environment. */
  async function output(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    return (await run(command, args, { env, cwd: '/' })).stdout;
  }

  for (const [format, extension] of [
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ] as const) {
    describe(`as ${format}`, () => {
      it('runs with the package left out', async () => {
        const host = await bundle(format, `out/external.${extension}`, ['wasm-plugin-pool']);
        expect(await output(process.execPath, [host])).to.equal(ANSWER);
      });

      it('runs with the package in it, where the package is installed', async () => {
        const host = await bundle(format, `out/host.${extension}`);
        expect(await output(process.execPath, [host])).to.equal(ANSWER);
        expect(await output(process.execPath, [host], { ISOLATION: 'process' })).to.equal(ANSWER);
      });

      it('runs elsewhere when it is told where the package is, and else says so in one line', async () => {
        const host = await bundle(format, `../elsewhere/host.${extension}`);
        expect(await output(process.execPath, [host])).to.match(NOT_THERE);
        expect(await output(process.execPath, [host], { PACKAGE_DIRECTORY: app.packageFolder })).to.equal(ANSWER);
      });
    });
  }

  if (BUILDS_EXECUTABLES) {
    describe('as a single executable', () => {
      it('runs beside the package and elsewhere, and starts no other Node', async () => {
        const main = await bundle('cjs', 'out/sea.cjs');
        const executable = join(app.folder, 'host');
        const configuration = join(app.folder, 'sea.json');
        await writeFile(
          configuration,
          JSON.stringify({ main, output: executable, disableExperimentalSEAWarning: true }),
        );
        await run(process.execPath, ['--build-sea', configuration]);
        expect(await output(executable, [])).to.equal(ANSWER);
        expect(await output(executable, [], { ISOLATION: 'process' })).to.match(
          /^ERR_UNSUPPORTED_ENVIRONMENT: The program is a single executable, which has no Node /,
        );
        const elsewhere = join(app.folder, '../executable');
        await mkdir(elsewhere);
        await cp(executable, join(elsewhere, 'host'));
        expect(await output(join(elsewhere, 'host'), [])).to.match(NOT_THERE);
        expect(await output(join(elsewhere, 'host'), [], { PACKAGE_DIRECTORY: app.packageFolder })).to.equal(ANSWER);
        await rm(elsewhere, { recursive: true });
      });
    });
  }
});
