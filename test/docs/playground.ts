import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './blocks.ts';

const root = fileURLToPath(ROOT);
/** See `test/support/installed.ts`. */
const installed = process.env.WASM_PLUGIN_POOL_INSTALLED;

/** Where the sources of an entry of the package lie. */
const ENTRIES: Readonly<Record<string, string>> = {
  'wasm-plugin-pool': 'src/index.ts',
  'wasm-plugin-pool/distributed': 'src/distributed/index.ts',
  'wasm-plugin-pool/serve': 'src/serve/index.ts',
  'wasm-plugin-pool/testing': 'src/testing/index.ts',
};

/**
 * A folder of its own with the package in its `node_modules`, as its user has it: what was installed where the tests run
 * against that, else this checkout.
 */
export class Playground {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Playground> {
    const folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-docs-'));
    await mkdir(join(folder, 'bin'));
    const modules = join(folder, 'node_modules');
    if (installed !== undefined) {
      await symlink(dirname(installed), modules);
      return new Playground(folder);
    }
    await mkdir(modules);
    for (const name of await readdir(join(root, 'node_modules'))) {
      await symlink(join(root, 'node_modules', name), join(modules, name));
    }
    await symlink(root, join(modules, 'wasm-plugin-pool'));
    const npx = `#!/bin/sh\nshift\nexec '${process.execPath}' '${join(root, 'src/cli/main.ts')}' "$@"\n`;
    await writeFile(join(folder, 'bin/npx'), npx, { mode: 0o755 });
    return new Playground(folder);
  }

  /** Runs a program; rejects if it fails, with what it said. */
  run(file: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<string> {
    const path = `${join(this.folder, 'bin')}${delimiter}${process.env.PATH}`;
    const env = { ...process.env, PATH: path, NO_COLOR: '1', ...variables };
    return new Promise((resolve, reject) => {
      const child = execFile(file, args, { cwd: this.folder, env }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${error.message}\n${stdout}${stderr}`));
      });
      child.stdin?.end();
    });
  }

  /** What a program in TypeScript prints. */
  print(text: string, variables?: NodeJS.ProcessEnv): Promise<string> {
    const source =
      installed === undefined
        ? text.replaceAll(/'(wasm-plugin-pool(?:\/\w+)?)'/g, (whole, name: string) =>
            name in ENTRIES ? `'${new URL(ENTRIES[name]!, ROOT)}'` : whole,
          )
        : text;
    return this.run(process.execPath, ['--input-type=module-typescript', '--eval', source], variables);
  }

  /** Runs a line of a shell. */
  shell(line: string, variables?: NodeJS.ProcessEnv): Promise<string> {
    return this.run('sh', ['-c', line], variables);
  }
}
