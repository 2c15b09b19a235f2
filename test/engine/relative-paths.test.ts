import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { echo, lifecycle } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

describe('a relative path', () => {
  const before = process.cwd();
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-paths-'));
  });
  afterEach(async () => {
    process.chdir(before);
    await closeEngines();
    await rm(folder, { recursive: true, force: true });
  });

  it('is one of the folder that the process worked in when it was given', async () => {
    await mkdir(join(folder, 'other'));
    await writeFile(join(folder, 'plugin.wasm'), await echo());
    await writeFile(join(folder, 'other/plugin.wasm'), await lifecycle.shutdownEmits());
    const engine = await createEngine({ threads: 1 });
    process.chdir(folder);
    const loading = engine.loadPlugin('plugin', 'plugin.wasm');
    process.chdir('other');
    const { sha256 } = await loading;
    expect((await engine.reloadPlugin('plugin')).sha256).to.equal(sha256);
    expect((await engine.reloadPlugin('plugin', 'plugin.wasm')).sha256).not.to.equal(sha256);
  });

  it('is refused where the working directory was removed, where Node starts no thread either', async () => {
    const bytes = join(folder, 'plugin.wasm');
    await writeFile(bytes, await echo());
    const engine = await createEngine({ threads: 1 });
    await mkdir(join(folder, 'gone'));
    process.chdir(join(folder, 'gone'));
    await rm(join(folder, 'gone'), { recursive: true });
    const { code, message } = await rejection(engine.loadPlugin('plugin', 'plugin.wasm'));
    expect([code, message]).to.deep.equal([
      'ERR_INVALID_ARGUMENT',
      'Cannot find `plugin.wasm`: the working directory of the process was removed',
    ]);
    const threadless = await rejection(engine.loadPlugin('plugin', bytes));
    expect(threadless.code).to.equal('ERR_WORKER_CRASHED');
    expect(threadless.hint).to.match(/^Start the program in a directory that exists/);
  });
});

describe('a deadline that has passed', () => {
  afterEach(closeEngines);

  it('fails the request at once, and it does not begin', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('plugin', await echo());
    for (const deadlineMs of [0, -1, -0.5, -1e9]) {
      const { code, began, limit } = await rejection(engine.process('plugin', { input: 'x' }, { deadlineMs }));
      expect([code, began, limit]).to.deep.equal(['ERR_DEADLINE', false, { name: 'deadlineMs', value: deadlineMs }]);
    }
    expect((await rejection(engine.process('plugin', { input: 'x' }, { deadlineMs: Number.NaN }))).code).to.equal(
      'ERR_INVALID_ARGUMENT',
    );
    expect((await engine.process('plugin', { input: 'x' })).output).to.equal('x');
  });
});
