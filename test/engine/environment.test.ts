import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ended } from '../cli/cli.ts';

const REDACT = fileURLToPath(new URL('../../examples/plugins/redact/redact.wasm', import.meta.url));
const LIBRARY = new URL('../../src/index.ts', import.meta.url).href;

/** A program that asks a plugin something and prints the answer, or the code and the hint of what went wrong. */
const PROGRAM = `
  const { PluginEngine } = await import('${LIBRARY}');
  try {
    const engine = await PluginEngine.create({ threads: 1 });
    await engine.loadPlugin('redact', '${REDACT}');
    console.log((await engine.process('redact', { input: 'a@b.org' })).output);
  } catch ({ code, hint }) {
    console.log(code, hint);
  }
  process.exit();
`;

describe('the environment of a program', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-environment-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** What it prints, with a shell command before it, options of Node and variables. */
  async function run(
    before: string,
    options: readonly string[] = [],
    variables: NodeJS.ProcessEnv = {},
  ): Promise<string> {
    const node = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      ...options,
      '--input-type=module',
      '--eval',
    ];
    const child = spawn('sh', ['-c', `${before}; exec "$@"`, 'sh', ...node, PROGRAM], {
      cwd: folder,
      env: { PATH: process.env.PATH, NODE_OPTIONS: process.env.NODE_OPTIONS, XDG_CACHE_HOME: folder, ...variables },
    });
    const { stdout } = await ended(child);
    return stdout.trim();
  }

  it('with --permission has to allow threads', async () => {
    expect(await run(':', ['--permission', '--allow-fs-read=*'])).to.match(
      /^ERR_UNSUPPORTED_ENVIRONMENT Give it `--allow-worker`, /,
    );
    expect(await run(':', ['--permission', '--allow-fs-read=*', '--allow-worker'])).to.equal('*@*.***');
  });

  it('with --frozen-intrinsics is as any other', async () => {
    expect(await run(':', ['--frozen-intrinsics'])).to.equal('*@*.***');
  });

  it('with few open files is as any other', async () => {
    // Of the package, which is few files. Of the sources Node has many open at a time, in several threads.
    const files = process.env.WASM_PLUGIN_POOL_INSTALLED === undefined ? 128 : 40;
    expect(await run(`ulimit -n ${files}`)).to.equal('*@*.***');
  });

  it('without a home is as any other', async () => {
    expect(await run(':', [], { XDG_CACHE_HOME: '', HOME: 'nowhere' })).to.equal('*@*.***');
  });

  it('with a working directory that was removed is refused in one line', async () => {
    // From a file: Node cannot evaluate a text without a working directory.
    await writeFile(join(folder, 'program.mjs'), PROGRAM);
    const script = `mkdir gone && cd gone && rmdir ../gone && exec "$0" --disable-warning=ExperimentalWarning "$1"`;
    const child = spawn('sh', ['-c', script, process.execPath, join(folder, 'program.mjs')], {
      cwd: folder,
      env: { PATH: process.env.PATH, NODE_OPTIONS: process.env.NODE_OPTIONS, XDG_CACHE_HOME: folder },
    });
    expect((await ended(child)).stdout.trim()).to.equal(
      'ERR_UNSUPPORTED_ENVIRONMENT Change into a directory that is there (`process.chdir`).',
    );
  });
});
