import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Lock, takeLock } from '../../../src/batch/journal/lock.ts';
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
