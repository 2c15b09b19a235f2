import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { cacheOfGroup } from '../../src/isolation/options.ts';
import type { ProcessStatus } from '../../src/registry/executor.ts';
import { echo } from '../fixtures/echo.ts';
import { hostile } from '../fixtures/hostile.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { outcome, rejection, until } from '../support/outcome.ts';

const MiB = 1024 * 1024;
const isolation = { group: (plugin: string) => plugin.split('-')[0]! };

/** Whether a process lives; one that has ended and was not waited for does not. */
async function lives(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && stat[stat.lastIndexOf(')') + 2] !== 'Z';
}

describe('the process of a group', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-process-'));
  });
  afterEach(async () => {
    await closeEngines();
    await rm(directory, { recursive: true, force: true });
  });

  it('has no environment, may reach what its policies grant, and keeps a cache of its own', async () => {
    const engine = await createEngine({ isolation, cacheDirectory: join(directory, 'cache') });
    await engine.loadPlugin('one-a', await echo());
    const [first] = engine.status().processes!;
    expect(await readFile(`/proc/${first!.pid}/environ`, 'utf8')).to.equal('');
    const flags = await readFile(`/proc/${first!.pid}/cmdline`, 'utf8');
    expect(flags).to.include('--permission').and.not.include(`--allow-fs-read=${directory}\0`);
    // More than it may reach: another process takes over, with both plugins.
    await engine.loadPlugin('one-b', await echo(), { sandbox: { allowFsRead: [directory] } });
    const second = engine.status().processes!.find(({ state }) => state === 'serving')!;
    expect(second.pid).to.not.equal(first!.pid);
    expect(await readFile(`/proc/${second.pid}/cmdline`, 'utf8')).to.include(`--allow-fs-read=${directory}\0`);
    for (const name of ['one-a', 'one-b']) {
      expect((await engine.process(name, { input: name })).output).to.equal(name);
    }
    await engine.loadPlugin('two-a', await echo());
    await engine.close();
    for (const group of ['one', 'two']) {
      expect(await readdir(cacheOfGroup(join(directory, 'cache'), group))).to.have.length.above(0);
    }
  });

  it('has limits of memory: of its heap, and of the system where it has them', async function () {
    if (process.platform !== 'linux') this.skip();
    const engine = await createEngine({ maxThreads: 4, isolation: { ...isolation, maxMemoryBytes: 512 * MiB } });
    await engine.loadPlugin('one-a', await echo());
    const [{ pid }] = engine.status().processes as [ProcessStatus];
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).to.include('--max-old-space-size=256\0');
    const [, data] = /^Max data size +(\d+)/m.exec(await readFile(`/proc/${pid}/limits`, 'utf8'))!;
    expect(Number(data)).to.equal((768 + 10 * 560) * MiB);
  });

  it('has room for a plugin beside another whose requests do not end', async () => {
    const engine = await createEngine({ isolation, threads: 1, maxThreads: 2 });
    await engine.loadPlugin('one-bad', await hostile(), {
      sandbox: { cpuTimeLimitMs: 600_000, wallTimeLimitMs: 600_000 },
    });
    await engine.loadPlugin('one-good', await echo());
    // More than fit into what the process may have: it is not known yet how long their answers are.
    const endless = Array.from({ length: 40 }, () => outcome(engine.process('one-bad', { input: 'spin' })));
    await until(() => engine.status().threads.busy === 1 && engine.status().queued === 39);
    expect((await engine.process('one-good', { input: 'meanwhile' })).output).to.equal('meanwhile');
    await engine.close({ force: true });
    expect(new Set(await Promise.all(endless))).to.deep.equal(new Set(['ERR_ENGINE_CLOSED']));
  });

  it('is refused a group that is no name, and options that there are not', async () => {
    const nameless = await createEngine({ isolation: { group: () => '' } });
    expect((await rejection(nameless.loadPlugin('x', await echo()))).message).to.include('isolation.group');
    expect((await rejection(createEngine({ isolation: 'thread' as 'process' }))).message).to.include('`isolation`');
    const misspelt = { groups: () => 'x' } as object;
    expect((await rejection(createEngine({ isolation: misspelt }))).message).to.include('`groups`');
  });

  it('ends when its host is killed', async function () {
    if (process.platform !== 'linux') this.skip();
    const program = `
      import { PluginEngine } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
      const engine = await PluginEngine.create({ isolation: 'process', cacheDirectory: false });
      const redact = ${JSON.stringify(fileURLToPath(new URL('../../examples/plugins/redact/redact.wasm', import.meta.url)))};
      await engine.loadPlugin('redact', redact);
      console.log(engine.status().processes[0].pid);
      setInterval(() => {}, 1000);`;
    const host = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(await new Promise((resolve) => host.stdout.once('data', resolve)));
    expect(await lives(pid)).to.equal(true);
    host.kill('SIGKILL');
    while (await lives(pid)) await delay(10);
  });
});
