import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { Workplace } from './cli.ts';
import { runIn } from './projects.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;

describe('wasm-plugin-pool doctor', () => {
  const workplace = new Workplace();

  /** Runs it with nothing on the PATH but the given programs, each of which prints a text. */
  const doctor = async (programs: Readonly<Record<string, string>>, ...args: string[]) => {
    const bin = workplace.path(`bin-${Object.keys(programs).join('-')}`);
    await mkdir(bin, { recursive: true });
    for (const [name, says] of Object.entries(programs)) {
      await writeFile(`${bin}/${name}`, `#!/bin/sh\necho '${says}'\n`);
      await chmod(`${bin}/${name}`, 0o755);
    }
    return run(bin, ...args);
  };

  const run = async (bin: string, ...args: string[]) => {
    const script = `const { spawnSync } = require('node:child_process');
      const { status, stdout } = spawnSync(process.execPath, process.argv.slice(1), { env: { PATH: '${bin}', NO_COLOR: '1' } });
      console.log(JSON.stringify({ status, stdout: String(stdout) }));`;
    const command = ['--eval', script, '--', '--disable-warning=ExperimentalWarning', MAIN, 'doctor', ...args];
    return JSON.parse(await runIn(workplace.directory, process.execPath, command));
  };

  it('gives the command that installs what is missing', async () => {
    const { status, stdout } = await doctor({ cargo: 'cargo 1.95.0 (f2d3ce0bd 2026-03-21)' }, '--language', 'rust');
    expect(stdout).to.equal(
      '✗ Rust\n    cargo: cargo 1.95.0 (f2d3ce0bd 2026-03-21)\n' +
        '    target wasm32-wasip2: not found\n      → rustup target add wasm32-wasip2\n',
    );
    expect(status).to.equal(1);
  });

  it('takes another target of Rust where the one that makes components is not there', async () => {
    const bin = workplace.path('bin-cargo-rustc');
    await mkdir(`${bin}/wasm32-wasip1`, { recursive: true });
    await writeFile(`${bin}/rustc`, `#!/bin/sh\necho "${bin}/$4"\n`, { mode: 0o755 });
    await writeFile(`${bin}/cargo`, '#!/bin/sh\necho cargo 1.95.0\n', { mode: 0o755 });
    const { status, stdout } = await run(bin, '--language', 'rust');
    expect(stdout).to.equal(
      '✓ Rust\n    cargo: cargo 1.95.0\n    target wasm32-wasip2: wasm32-wasip1 in its place, with `componentize`\n',
    );
    expect(status).to.equal(0);
  });

  it('finds the clang that a distribution has under a number', async () => {
    const there = { 'clang-22': '/usr/lib/llvm-22/bin/wasm-ld', 'clang-19': '/usr/lib/llvm-19/bin/wasm-ld' };
    const { status, stdout } = await doctor(there, '--language', 'c');
    const advice = ': not found, but `clang-22` has it\n      → export CC=clang-22\n';
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: `✗ C\n    clang${advice}    wasm-ld${advice}` });
    // One that has no linker is of no use.
    const bare = await doctor({ 'clang-18': 'wasm-ld' }, '--language', 'c');
    expect(bare.stdout).to.match(/clang: not found\n/);
  });

  it('tells a version that is too old from one that will do', async () => {
    const old = await doctor({ go: 'go version go1.19.8 linux/amd64' }, '--language', 'go', '--json');
    expect(JSON.parse(old.stdout)[0]).to.deep.include({ language: 'go', ready: false });
    expect(JSON.parse(old.stdout)[0].tools[0].problem).to.equal(
      'go version go1.19.8 linux/amd64 is too old, it takes 1.24',
    );
    const good = await doctor({ go: 'go version go1.24.0 linux/amd64' }, '--language', 'go');
    expect(good.status).to.equal(0);
    expect(good.stdout).to.match(/^✓ Go\n/);
  });

  it('looks at every language, and ends with 0 whatever it finds', async () => {
    const { status, stdout } = await doctor({}, '--json');
    expect(status).to.equal(0);
    const reports: { language: string; ready: boolean }[] = JSON.parse(stdout);
    expect(Object.fromEntries(reports.map(({ language, ready }) => [language, ready]))).to.deep.equal({
      rust: false,
      go: false,
      c: false,
      // These come with npm.
      javascript: true,
      typescript: true,
      assemblyscript: true,
      python: false,
    });
  });
});
