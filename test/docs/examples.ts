import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { blocksOf, commandsOf, matching, promisedBy, ROOT } from './blocks.ts';

const root = fileURLToPath(ROOT);

/** Runs a program in a folder; rejects if it fails, with what it said. */
function run(folder: string, path: string, file: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, PATH: `${path}${delimiter}${process.env.PATH}`, NO_COLOR: '1' };
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { cwd: folder, env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stdout}${stderr}`));
    });
    child.stdin?.end();
  });
}

/** What TypeScript prints: `wasm-plugin-pool` is the engine in `src/`, other packages are those of this project. */
function print(folder: string, text: string): Promise<string> {
  const source = text
    .replaceAll(`'wasm-plugin-pool'`, `'${new URL('src/index.ts', ROOT)}'`)
    .replaceAll(/from '([a-z@][\w/@-]*)'/g, (_, name: string) => `from '${import.meta.resolve(name)}'`);
  return run(folder, '.', process.execPath, ['--input-type=module-typescript', '--eval', source]);
}

/** Builds the plugin that a block marked `js` is. */
async function buildPlugin(folder: string, text: string): Promise<void> {
  await mkdir(join(folder, 'js/src'), { recursive: true });
  await writeFile(join(folder, 'js/src/plugin.js'), text);
  await run(folder, '.', process.execPath, [join(root, 'src/cli/main.ts'), 'build', 'js']);
}

/** Runs the blocks of documents one after the other, each document in a folder that the ones before it have used. */
export function describeExamples(documents: readonly string[]): void {
  describe(`the code in ${documents.length} pages of the documentation`, () => {
    let folder = '';

    // A folder of its own in which the paths of the documents lead to the plugins, and `npx` runs this command line.
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-docs-'));
      await mkdir(join(folder, 'bin'));
      await mkdir(join(folder, 'examples'));
      await symlink(join(root, 'examples/plugins'), join(folder, 'examples/plugins'));
      await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
      const npx = `#!/bin/sh\nshift\nexec '${process.execPath}' '${join(root, 'src/cli/main.ts')}' "$@"\n`;
      await writeFile(join(folder, 'bin/npx'), npx, { mode: 0o755 });
    });
    after(() => rm(folder, { recursive: true }));

    for (const document of documents) {
      it(`runs in ${document}`, async function () {
        this.timeout(60_000);
        const blocks = await blocksOf(document, ['ts', 'js', 'console']);
        expect(blocks).not.to.be.empty;
        for (const { place, language, text } of blocks) {
          if (language === 'js') {
            await buildPlugin(folder, text);
            continue;
          }
          if (language === 'ts') {
            expect((await print(folder, text)).trimEnd().split('\n'), place).to.deep.equal(promisedBy(text));
            continue;
          }
          for (const { line, prints } of commandsOf(text)) {
            const printed = await run(folder, join(folder, 'bin'), 'sh', ['-c', line]);
            expect(printed.trimEnd(), `${place}: ${line}`).to.match(matching(prints));
          }
        }
      });
    }
  });
}
