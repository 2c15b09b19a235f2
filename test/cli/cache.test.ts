import { mkdir, readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { echo, hostile } from '../fixtures/guests.ts';
import { linesOf, Workplace } from './cli.ts';

describe('wasm-plugin-pool cache', () => {
  const workplace = new Workplace();
  let directory = '';

  before(async () => {
    await workplace.file('echo.wasm', echo);
    await workplace.file('hostile.wasm', hostile);
    await mkdir(workplace.path('folder'));
    for (const plugin of ['echo.wasm', 'hostile.wasm'])
      expect((await workplace.run(['run', plugin, '--input', 'x'])).status).to.equal(0);
    directory = (await workplace.run(['cache', 'path'])).stdout.trimEnd();
  });

  it('shows where compiled plugins are', async () => {
    expect((await readdir(directory)).length).to.equal(2);
    const { status, stdout } = await workplace.run(['cache', 'path', '--json']);
    expect([status, JSON.parse(stdout)]).to.deep.equal([0, { directory }]);
  });

  it('lists them', async () => {
    const { status, stdout } = await workplace.run(['cache', 'list']);
    const lines = linesOf(stdout);
    expect(lines.length).to.equal(3);
    expect(lines[0]).to.match(/^[0-9a-f]{12} +[\d.]+ KiB {2}\d{4}-\d\d-\d\d \d\d:\d\d$/);
    expect(lines[2]).to.match(/^2 compiled plugins of [\d.]+ KiB in /);
    expect(status).to.equal(0);
    const files = JSON.parse((await workplace.run(['cache', 'list', '--json'])).stdout);
    expect(files.map(({ path }: { path: string }) => path).toSorted()).to.deep.equal(
      (await readdir(directory)).map((name) => join(directory, name)).toSorted(),
    );
  });

  it('removes the old ones, and then all', async () => {
    const [first] = await readdir(directory);
    const old = new Date(Date.now() - 8 * 86_400_000);
    await utimes(join(directory, first!), old, old);
    const kept = JSON.parse((await workplace.run(['cache', 'prune', '--json'])).stdout);
    expect([kept.removed.length, kept.kept.length]).to.deep.equal([0, 2]);
    const { status, stdout } = await workplace.run(['cache', 'prune', '--max-age', '7']);
    expect(stdout).to.match(/^Removed 1 compiled plugin of [\d.]+ KiB, kept 1 compiled plugin of [\d.]+ KiB in /);
    expect(status).to.equal(0);
    await workplace.run(['cache', 'prune', '--max-bytes', '0']);
    expect(await readdir(directory)).to.deep.equal([]);
  });

  it('takes another directory', async () => {
    const { status, stdout } = await workplace.run(['cache', 'list', '--directory', 'nowhere']);
    expect([status, stdout]).to.deep.equal([0, '0 compiled plugins of 0 B in nowhere\n']);
    const wrong = await workplace.run(['cache', 'list', '--directory', 'echo.wasm']);
    expect([wrong.status, wrong.stderr]).to.deep.equal([2, 'error: Cannot use `echo.wasm`: not a directory.\n']);
  });
});
