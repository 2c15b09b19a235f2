import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Descriptor } from '../../../../src/host/wasi/filesystem/descriptor.ts';
import type { OpenFlags } from '../../../../src/host/wasi/filesystem/directory.ts';
import { cat, closeAll, err, put, sandbox, type Tree, tree } from '../sandbox.ts';

const READ = { read: true };
const WRITE = { write: true };
const FOLLOW = { symlinkFollow: true };

describe('a directory granted for writing', () => {
  let files: Tree;
  let root: Descriptor;
  const at = (name: string): string => join(files.granted, name);

  beforeEach(() => {
    files = tree();
    root = sandbox({ allowFsWrite: [{ directory: files.granted, mount: '/data' }] }).preopen('/data');
  });

  afterEach(() => {
    closeAll();
    files.remove();
  });

  it('opens with every combination of flags as POSIX says', () => {
    const table: readonly (readonly [path: string, how: OpenFlags, flags: object, outcome: string])[] = [
      ['file', {}, READ, 'regular-file'],
      ['file', {}, WRITE, 'regular-file'],
      ['file', { create: true }, WRITE, 'regular-file'],
      ['file', { create: true, exclusive: true }, WRITE, 'exist'],
      ['file', { directory: true }, READ, 'not-directory'],
      ['file/', {}, READ, 'not-directory'],
      ['file/x', {}, READ, 'not-directory'],
      ['none', {}, READ, 'no-entry'],
      ['none/x', {}, READ, 'no-entry'],
      ['none', { truncate: true }, WRITE, 'no-entry'],
      ['none', { create: true, directory: true }, READ, 'invalid'],
      ['none/', { create: true }, WRITE, 'no-entry'],
      ['new', { create: true }, READ, 'regular-file'],
      ['newer', { create: true, exclusive: true }, WRITE, 'regular-file'],
      ['sub', {}, READ, 'directory'],
      ['sub', { directory: true }, READ, 'directory'],
      ['sub', {}, { read: true, mutateDirectory: true }, 'directory'],
      ['sub/', {}, READ, 'directory'],
      ['sub', {}, WRITE, 'is-directory'],
      ['sub', { truncate: true }, READ, 'is-directory'],
      ['sub', { create: true }, READ, 'is-directory'],
      ['.', {}, READ, 'directory'],
      ['dangling', {}, READ, 'no-entry'],
      ['dangling', { create: true, exclusive: true }, WRITE, 'exist'],
      ['link', { create: true, exclusive: true }, WRITE, 'exist'],
    ];
    symlinkSync('target', at('dangling'));
    for (const [path, how, flags, outcome] of table) {
      let got: unknown;
      try {
        const opened = root.openAt(FOLLOW, path, how, flags);
        got = opened.getType();
        opened[Symbol.dispose]();
      } catch (error) {
        got = (error as { payload: unknown }).payload;
      }
      expect(got, `${path} ${JSON.stringify(how)} ${JSON.stringify(flags)}`).to.equal(outcome);
    }
    expect(readFileSync(at('file'), 'utf8')).to.equal('inside');
  });

  it('creates what a dangling link leads to, if it is inside', () => {
    symlinkSync('sub/target', at('dangling'));
    put(root, 'dangling', 'made');
    expect(readFileSync(at('sub/target'), 'utf8')).to.equal('made');
  });

  it('truncates on demand only', () => {
    root.openAt({}, 'file', { create: true }, WRITE);
    expect(readFileSync(at('file'), 'utf8')).to.equal('inside');
    root.openAt({}, 'file', { truncate: true }, READ);
    expect(readFileSync(at('file'), 'utf8')).to.equal('');
  });

  it('gives what lies below it the rights of the grant', () => {
    const sub = root.openAt({}, 'sub', { directory: true }, READ);
    expect(sub.getFlags()).to.deep.equal({ read: true, mutateDirectory: true });
    put(sub, 'new', 'x');
    expect(existsSync(at('sub/new'))).to.equal(true);
  });

  it('makes and removes directories', () => {
    root.createDirectoryAt('made');
    root.createDirectoryAt('made/deep/');
    expect(err(() => root.createDirectoryAt('made'))).to.equal('exist');
    expect(err(() => root.createDirectoryAt('link'))).to.equal('exist');
    expect(err(() => root.removeDirectoryAt('made'))).to.equal('not-empty');
    expect(err(() => root.removeDirectoryAt('file'))).to.equal('not-directory');
    expect(err(() => root.removeDirectoryAt('.'))).to.equal('invalid');
    expect(err(() => root.removeDirectoryAt('sub/..'))).to.equal('invalid');
    root.removeDirectoryAt('made/deep/');
    root.removeDirectoryAt('made');
    expect(existsSync(at('made'))).to.equal(false);
  });

  it('unlinks files and links, and no directories', () => {
    expect(err(() => root.unlinkFileAt('sub'))).to.equal('is-directory');
    expect(err(() => root.unlinkFileAt('file/'))).to.equal('not-directory');
    expect(err(() => root.unlinkFileAt('none'))).to.equal('no-entry');
    root.unlinkFileAt('link');
    expect(existsSync(at('file'))).to.equal(true);
    root.unlinkFileAt('file');
    expect(existsSync(at('file'))).to.equal(false);
  });

  it('renames within and between granted directories', () => {
    const box = sandbox({
      allowFsWrite: [
        { directory: files.granted, mount: '/a' },
        { directory: files.outside, mount: '/b' },
      ],
    });
    box.preopen('/a').renameAt('file', box.preopen('/b'), 'moved');
    expect(readFileSync(join(files.outside, 'moved'), 'utf8')).to.equal('inside');
    root.renameAt('sub/', root, 'renamed/');
    expect(cat(root, 'renamed/file')).to.equal('inside');
    expect(err(() => root.renameAt('renamed/file/', root, 'x'))).to.equal('not-directory');
    expect(err(() => root.renameAt('renamed', root, 'renamed/below'))).to.equal('invalid');
    expect(err(() => root.renameAt('.', root, 'x'))).to.equal('invalid');
  });

  it('makes links, which are resolved below the directory', () => {
    root.symlinkAt('../file', 'sub/up');
    expect([root.readlinkAt('sub/up'), readlinkSync(at('sub/up')), cat(root, 'sub/up')]).to.deep.equal([
      '../file',
      '../file',
      'inside',
    ]);
    expect(err(() => root.symlinkAt('x', 'sub/up'))).to.equal('exist');
    expect(err(() => root.readlinkAt('file'))).to.equal('invalid');
    symlinkSync('/etc', at('absolute'));
    expect(err(() => root.readlinkAt('absolute'))).to.equal('not-permitted');
  });

  it('sets times of files, directories and links, never of what a link leads to unless asked', () => {
    const time = (seconds: bigint) => ({ tag: 'timestamp', val: { seconds, nanoseconds: 0 } }) as const;
    root.setTimesAt({}, 'link', time(1000n), time(2000n));
    expect(lstatSync(at('link')).mtimeMs).to.equal(2_000_000);
    expect(lstatSync(at('file')).mtimeMs).to.be.above(3_000_000);
    root.setTimesAt(FOLLOW, 'link', time(3000n), time(4000n));
    root.setTimesAt({}, 'file', { tag: 'no-change' }, time(5000n));
    expect([lstatSync(at('file')).atimeMs, lstatSync(at('file')).mtimeMs]).to.deep.equal([3_000_000, 5_000_000]);
    root.setTimesAt({}, 'sub', time(6000n), { tag: 'now' });
    expect(root.statAt({}, 'sub').dataAccessTimestamp).to.deep.equal({ seconds: 6000n, nanoseconds: 0 });
    expect(err(() => root.setTimesAt({}, 'file', time(2n ** 63n), { tag: 'now' }))).to.equal('overflow');
  });

  it('lists its entries with their types, without . and ..', () => {
    mkdirSync(at('many'));
    for (let file = 0; file < 100; file++) writeFileSync(at(`many/${file}`), '');
    const list = (directory: Descriptor): string[] => {
      const entries = directory.readDirectory();
      const found: string[] = [];
      for (let one = entries.readDirectoryEntry(); one !== undefined; one = entries.readDirectoryEntry()) {
        found.push(`${one.name} ${one.type}`);
      }
      expect(entries.readDirectoryEntry()).to.equal(undefined);
      entries[Symbol.dispose]();
      return found.sort();
    };
    expect(list(root)).to.deep.equal(['file regular-file', 'link symbolic-link', 'many directory', 'sub directory']);
    expect(list(root.openAt({}, 'many', {}, READ))).to.have.length(100);
    expect(err(() => root.openAt({}, 'file', {}, READ).readDirectory())).to.equal('not-directory');
  });

  it('says that a name is no text, and goes on', () => {
    writeFileSync(Buffer.concat([Buffer.from(`${files.granted}/`), Buffer.of(0x66, 0xff)]), '');
    const entries = root.readDirectory();
    const outcomes = [0, 1, 2, 3].map(() => {
      try {
        return entries.readDirectoryEntry()?.name;
      } catch (error) {
        return (error as { payload: unknown }).payload;
      }
    });
    expect(outcomes).to.have.members(['file', 'link', 'sub', 'illegal-byte-sequence']);
    expect(entries.readDirectoryEntry()).to.equal(undefined);
  });
});
