import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { type Lock, takeLock, takeLocks } from '../../../src/batch/journal/lock.ts';
import { rejection } from '../../support/outcome.ts';

const HOLD = new URL('fixtures/hold-lock.ts', import.meta.url).pathname;

describe('takeLock', function () {
  this.timeout(60_000);
  let folder = '';
  let path = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-lock-'));
  });
  beforeEach(() => {
    path = join(folder, `lock-${Math.random()}`);
  });
  after(() => rm(folder, { recursive: true }));

  /** A process that takes the lock and says so. */
  const holder = () =>
    spawn(process.execPath, ['--disable-warning=ExperimentalWarning', HOLD, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });

  it('is held until it is released', async () => {
    const lock = await takeLock(path);
    expect((await rejection(takeLock(path))).code).to.equal('ERR_BATCH_JOURNAL');
    await lock.release();
    expect(existsSync(path)).to.equal(false);
    await (await takeLock(path)).release();
  });

  it('that cannot be written is named, and leaves no file behind', async () => {
    // Root writes into every directory, but not behind a file.
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const error = await rejection(takeLock(join(file, 'out.lock')));
    expect(error).to.have.property('code', 'ERR_BATCH_JOURNAL');
    expect((error as Error).message).to.match(
      /^Cannot lock what is to be written, with `.*out\.lock`: not a directory$/,
    );
    // A disk that is full writes a part of it.
    const limited = `ulimit -f 0; trap '' XFSZ; exec "$0" --disable-warning=ExperimentalWarning --input-type=module --eval "$1"`;
    const lock = `const { takeLock } = await import('${new URL('../../../src/batch/journal/lock.ts', import.meta.url)}');
      await takeLock(${JSON.stringify(join(folder, 'full.lock'))}).catch(({ code }) => process.stdout.write(code));`;
    const env = { ...process.env, NODE_COMPILE_CACHE: undefined, NODE_DISABLE_COMPILE_CACHE: '1' };
    expect(execFileSync('sh', ['-c', limited, process.execPath, lock], { env, encoding: 'utf8' })).to.equal(
      'ERR_BATCH_JOURNAL',
    );
    expect((await readdir(folder)).filter((name) => name.startsWith('full.lock'))).to.deep.equal([]);
  });

  it('is held by a process that lives, and not by one that was killed', async () => {
    const child = holder();
    await once(child.stdout, 'data');
    const error = await rejection(takeLock(path));
    expect(error.message).to.contain(`is held by process ${child.pid}`);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await (await takeLock(path)).release();
  });

  it('is not held by another process that has the number of the dead one', async () => {
    const me = JSON.parse(await readFile(await takeLock(path).then(() => path), 'utf8'));
    await writeFile(path, JSON.stringify({ ...me, started: 'another boot/7' }));
    await (await takeLock(path)).release();
  });

  it('is held by a process of another host, of which nobody knows', async () => {
    await writeFile(path, JSON.stringify({ host: `not-${hostname()}`, pid: 1, started: null }));
    expect((await rejection(takeLock(path))).hint).to.contain('remove');
  });

  it('is not held by a file that a crash tore', async () => {
    await writeFile(path, '{"host":');
    await (await takeLock(path)).release();
  });

  for (const [name, text] of [
    ['process 0, which would be a group', { host: hostname(), pid: 0, started: null }],
    ['a process that cannot be', { host: hostname(), pid: 1e99, started: null }],
    ['half a process', { host: hostname(), pid: 1.5, started: null }],
    ['no host', { pid: 1 }],
    ['nobody', {}],
    ['null', null],
  ] as const) {
    it(`is said to be none where it names ${name}, and what to do`, async () => {
      await writeFile(path, JSON.stringify(text));
      const error = await rejection(takeLock(path));
      expect([error.code, error.hint?.includes('remove it')]).to.deep.equal(['ERR_BATCH_JOURNAL', true]);
    });
  }

  it('is not waited for where it is a named pipe, nor looked for behind a link', async () => {
    execFileSync('mkfifo', [path]);
    expect((await rejection(takeLock(path))).message).to.match(/named pipe/);
    const link = `${path}-link`;
    await symlink(join(folder, 'nowhere'), link);
    expect((await rejection(takeLock(link))).message).to.match(/symbolic link/);
    expect(existsSync(join(folder, 'nowhere'))).to.equal(false);
  });

  it('of another run is not released', async () => {
    const lock = await takeLock(path);
    await rm(path);
    const other = await takeLock(path);
    await lock.release();
    expect(existsSync(path)).to.equal(true);
    await other.release();
  });

  it('is taken of all files or of none', async () => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    const held = await takeLocks([b]);
    expect((await rejection(takeLocks([a, b]))).code).to.equal('ERR_BATCH_JOURNAL');
    expect(existsSync(`${a}.lock`)).to.equal(false);
    await held.release();
    await (await takeLocks([a, b])).release();
  });

  it('is taken where a process died while it took it over, by one of many', async () => {
    const child = holder();
    await once(child.stdout, 'data');
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await copyFile(path, `${path}.takeover`);
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(path)));
    const taken = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(taken.length).to.equal(1);
    await (taken[0] as PromiseFulfilledResult<Lock>).value.release();
    const left = (await readdir(folder)).filter((name) => name.startsWith(basename(path)));
    expect(left).to.deep.equal([]);
  });

  it('is taken over from a dead process by one of many', async () => {
    const child = holder();
    await once(child.stdout, 'data');
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(path)));
    const taken = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(taken.length).to.equal(1);
    await (taken[0] as PromiseFulfilledResult<Lock>).value.release();
    expect((await readdir(folder)).filter((name) => path.endsWith(name) || name.includes('takeover'))).to.deep.equal(
      [],
    );
  });
});
