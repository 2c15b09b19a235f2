import { mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { listCache, pruneCache } from '../../src/artifact/cache-files.ts';
import { ArtifactCompiler } from '../../src/artifact/compiler.ts';
import { smallPlugin } from './components.ts';

const HOUR_MS = 3_600_000;
const ALL = { maxBytes: Number.MAX_SAFE_INTEGER, maxAgeMs: Number.MAX_SAFE_INTEGER };

describe('the files of the disk cache', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-files-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const keyOf = (letter: string): string => letter.repeat(64);

  /** Writes a file that was last used so many hours ago. */
  async function file(name: string, bytes: number, hours: number): Promise<void> {
    const path = join(directory, name);
    await writeFile(path, new Uint8Array(bytes));
    const time = new Date(Date.now() - hours * HOUR_MS);
    await utimes(path, time, time);
  }

  const entry = (letter: string, bytes: number, hours: number): Promise<void> =>
    file(`${keyOf(letter)}.artifact`, bytes, hours);

  const left = async (): Promise<string> => (await listCache(directory)).map(({ key }) => key[0]).join('');

  it('are listed, the one used last first', async () => {
    await entry('a', 10, 3);
    await entry('b', 20, 1);
    await entry('c', 30, 2);
    expect((await listCache(directory)).map(({ key, bytes }) => [key, bytes])).to.deep.equal([
      [keyOf('b'), 20],
      [keyOf('c'), 30],
      [keyOf('a'), 10],
    ]);
  });

  it('are none where there is no directory', async () => {
    expect(await listCache(join(directory, 'none'))).to.deep.equal([]);
    expect(await pruneCache(join(directory, 'none'), { maxBytes: 0, maxAgeMs: 0 })).to.deep.equal([]);
  });

  it('go when they were not used for too long', async () => {
    await entry('a', 10, 5);
    await entry('b', 10, 1);
    const removed = await pruneCache(directory, { ...ALL, maxAgeMs: 2 * HOUR_MS });
    expect(removed.map(({ key }) => key)).to.deep.equal([keyOf('a')]);
    expect(await left()).to.equal('b');
  });

  it('go until the rest fits, those first that were not used for longest', async () => {
    await entry('a', 40, 1);
    await entry('b', 40, 2);
    await entry('c', 40, 3);
    await pruneCache(directory, { ...ALL, maxBytes: 80 });
    expect(await left()).to.equal('ab');
    await pruneCache(directory, { ...ALL, maxBytes: 79 });
    expect(await left()).to.equal('a');
    await pruneCache(directory, { ...ALL, maxBytes: 0 });
    expect(await left()).to.equal('');
  });

  it('do not go for one that is too large itself', async () => {
    await entry('a', 500, 1);
    await entry('b', 40, 2);
    await pruneCache(directory, { ...ALL, maxBytes: 80 });
    expect(await left()).to.equal('b');
  });

  it('are the only ones that go, but for what an interrupted write left behind', async () => {
    await file('notes.txt', 10, 1000);
    await file(`${keyOf('a')}.artifact.123456`, 10, 2);
    await file(`${keyOf('b')}.artifact.123456`, 10, 0);
    await mkdir(join(directory, `${keyOf('c')}.artifact`));
    await symlink(join(directory, 'notes.txt'), join(directory, `${keyOf('d')}.artifact`));
    await entry('e', 10, 1);
    await pruneCache(directory, { maxBytes: 0, maxAgeMs: 0 });
    expect((await readdir(directory)).toSorted()).to.deep.equal(
      ['notes.txt', `${keyOf('b')}.artifact.123456`, `${keyOf('c')}.artifact`, `${keyOf('d')}.artifact`].toSorted(),
    );
  });

  it('are used again when an engine reads them', async () => {
    const load = async (): Promise<void> => {
      const compiler = new ArtifactCompiler({ cacheDirectory: directory });
      await compiler.compile(await smallPlugin(), { maxMemoryBytes: 1024 * 1024 });
      await compiler.close();
    };
    await load();
    const [{ path } = { path: '' }] = await listCache(directory);
    const old = new Date(Date.now() - 48 * HOUR_MS);
    await utimes(path, old, old);
    await load();
    expect(Date.now() - (await stat(path)).mtimeMs).to.be.below(HOUR_MS);
    expect(await pruneCache(directory, { ...ALL, maxAgeMs: HOUR_MS })).to.deep.equal([]);
  });
});
