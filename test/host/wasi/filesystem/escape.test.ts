import { execFileSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Descriptor } from '../../../../src/host/wasi/filesystem/descriptor.ts';
import { cat, closeAll, err, put, sandbox, type Tree, tree } from '../sandbox.ts';

const FOLLOW = { symlinkFollow: true };
const NOFOLLOW = {};
const READ = { read: true };
const WRITE = { write: true };
const CREATE = { create: true };

describe('a guest with a granted directory', () => {
  let files: Tree;
  let root: Descriptor;

  beforeEach(() => {
    files = tree();
    root = sandbox({ allowFsWrite: [{ directory: files.granted, mount: '/data' }] }).preopen('/data');
  });

  afterEach(() => {
    closeAll();
    // Whatever was tried: nothing outside was changed or made.
    expect(readdirSync(files.outside)).to.deep.equal(['file', 'secret']);
    expect(readFileSync(join(files.outside, 'secret'), 'utf8')).to.equal('outside');
    expect(readFileSync(join(files.outside, 'file'), 'utf8')).to.equal('outside');
    files.remove();
  });

  /** Each call that takes a path, on a path that leads to an existing object outside. */
  const calls: readonly (readonly [name: string, call: (path: string) => unknown])[] = [
    ['open-at for reading', (path) => root.openAt(FOLLOW, path, {}, READ)],
    ['open-at for writing', (path) => root.openAt(FOLLOW, path, {}, WRITE)],
    ['open-at with create', (path) => root.openAt(FOLLOW, path, CREATE, WRITE)],
    ['open-at with truncate', (path) => root.openAt(FOLLOW, path, { truncate: true }, WRITE)],
    ['stat-at', (path) => root.statAt(FOLLOW, path)],
    ['metadata-hash-at', (path) => root.metadataHashAt(FOLLOW, path)],
    ['set-times-at', (path) => root.setTimesAt(FOLLOW, path, { tag: 'now' }, { tag: 'now' })],
    ['link-at', (path) => root.linkAt(FOLLOW, path, root, 'stolen')],
  ];

  /** Each call that changes the last component of a path, and so never follows it; the path must end below a directory. */
  const changes: readonly (readonly [name: string, call: (path: string) => unknown])[] = [
    ['create-directory-at', (path) => root.createDirectoryAt(path)],
    ['remove-directory-at', (path) => root.removeDirectoryAt(path)],
    ['unlink-file-at', (path) => root.unlinkFileAt(path)],
    ['symlink-at', (path) => root.symlinkAt('file', path)],
    ['rename-at from there', (path) => root.renameAt(path, root, 'stolen')],
    ['rename-at to there', (path) => root.renameAt('file', root, path)],
    ['link-at to there', (path) => root.linkAt(NOFOLLOW, 'file', root, path)],
    ['readlink-at', (path) => root.readlinkAt(path)],
  ];

  describe('cannot leave it by', () => {
    for (const [name, call] of [...calls, ...changes]) {
      it(`${name} with .. or an absolute path`, () => {
        for (const path of [
          '../outside/secret',
          'sub/../../outside/secret',
          './/sub/.././../outside/secret',
          '/etc/passwd',
          `${files.outside}/secret`,
          '//etc/passwd',
        ]) {
          expect(
            err(() => call(path)),
            path,
          ).to.equal('not-permitted');
        }
      });
    }

    for (const [name, call] of calls) {
      it(`${name} through a planted symbolic link`, () => {
        symlinkSync(join(files.outside, 'secret'), join(files.granted, 'absolute'));
        symlinkSync('../outside/secret', join(files.granted, 'relative'));
        symlinkSync('sub/../../outside/secret', join(files.granted, 'winding'));
        symlinkSync('../outside', join(files.granted, 'directory'));
        symlinkSync('relative', join(files.granted, 'chained'));
        for (const path of ['absolute', 'relative', 'winding', 'directory/secret', 'chained', 'directory/../secret']) {
          expect(
            err(() => call(path)),
            path,
          ).to.equal('not-permitted');
        }
      });
    }

    for (const [name, call] of changes) {
      it(`${name} below a planted symbolic link to a directory`, () => {
        symlinkSync(files.outside, join(files.granted, 'absolute'));
        symlinkSync('../outside', join(files.granted, 'relative'));
        for (const path of ['absolute/secret', 'relative/secret', 'relative/new']) {
          expect(
            err(() => call(path)),
            path,
          ).to.equal('not-permitted');
        }
      });
    }

    it('a symbolic link that it makes itself', () => {
      for (const target of ['/etc/passwd', '../outside/secret', 'sub/../../outside', '..', 'a/../..']) {
        expect(
          err(() => root.symlinkAt(target, 'escape')),
          target,
        ).to.equal('not-permitted');
      }
      root.symlinkAt('../file', 'sub/up');
      const sub = root.openAt(NOFOLLOW, 'sub', { directory: true }, READ);
      expect(cat(root, 'sub/up')).to.equal('inside');
      // From the subdirectory the same link leads out of what the descriptor stands for.
      expect(err(() => sub.openAt(FOLLOW, 'up', {}, READ))).to.equal('not-permitted');
    });

    it('a symbolic link that it makes and then moves up', () => {
      root.createDirectoryAt('sub/deep');
      root.symlinkAt('../../outside/secret', 'sub/deep/link');
      root.renameAt('sub/deep/link', root, 'link2');
      expect(err(() => root.openAt(FOLLOW, 'link2', {}, READ))).to.equal('not-permitted');
    });

    it('replacing a directory that it holds open by a symbolic link (preview2-shim 0.26)', () => {
      root.createDirectoryAt('held');
      const held = root.openAt(NOFOLLOW, 'held', { directory: true }, READ);
      root.removeDirectoryAt('held');
      symlinkSync('../outside', join(files.granted, 'held'));
      expect(err(() => held.openAt(FOLLOW, 'secret', {}, READ))).to.equal('no-entry');
      expect(err(() => held.openAt(NOFOLLOW, 'new', CREATE, WRITE))).to.equal('no-entry');
      expect(err(() => held.createDirectoryAt('new'))).to.equal('no-entry');
      expect(held.readDirectory().readDirectoryEntry()).to.equal(undefined);
    });

    it('a parent of a held directory that is renamed and replaced', () => {
      mkdirSync(join(files.granted, 'a', 'b'), { recursive: true });
      writeFileSync(join(files.granted, 'a', 'b', 'file'), 'inside');
      const held = root.openAt(NOFOLLOW, 'a/b', { directory: true }, READ);
      renameSync(join(files.granted, 'a'), join(files.granted, 'moved'));
      mkdirSync(join(files.outside, 'b'));
      symlinkSync('../outside', join(files.granted, 'a'));
      expect(cat(held, 'file')).to.equal('inside');
      put(held, 'new', 'made');
      expect(readFileSync(join(files.granted, 'moved', 'b', 'new'), 'utf8')).to.equal('made');
      expect(err(() => held.openAt(FOLLOW, '../../file', {}, READ))).to.equal('not-permitted');
      rmSync(join(files.outside, 'b'), { recursive: true });
    });

    it('the grant itself being replaced while it is open', () => {
      renameSync(files.granted, join(files.root, 'moved'));
      symlinkSync('outside', files.granted);
      expect(cat(root, 'file')).to.equal('inside');
      expect(err(() => root.openAt(FOLLOW, 'secret', {}, READ))).to.equal('no-entry');
      unlinkSync(files.granted);
      renameSync(join(files.root, 'moved'), files.granted);
    });

    it('the links in /proc', () => {
      symlinkSync('/proc/self/root/etc/passwd', join(files.granted, 'proc'));
      symlinkSync('/proc/self/cwd', join(files.granted, 'cwd'));
      expect(err(() => root.openAt(FOLLOW, 'proc', {}, READ))).to.equal('not-permitted');
      expect(err(() => root.openAt(FOLLOW, 'cwd', { directory: true }, READ))).to.equal('not-permitted');
    });

    it('any path that can be made of these parts', () => {
      symlinkSync('../outside', join(files.granted, 'out'));
      symlinkSync('..', join(files.granted, 'up'));
      symlinkSync('.', join(files.granted, 'here'));
      symlinkSync('../../../workers', join(files.granted, 'sub', 'up'));
      symlinkSync('../file', join(files.granted, 'sub', 'link'));
      symlinkSync('loop', join(files.granted, 'loop'));
      const part = fc.constantFrom('..', '.', '', 'sub', 'file', 'secret', 'outside', 'granted', 'out', 'up', 'here');
      const path = fc
        .array(fc.oneof(part, fc.constantFrom('link', 'loop')), { maxLength: 8 })
        .map((all) => all.join('/'));
      let opened = 0;
      fc.assert(
        fc.property(path, fc.boolean(), (candidate, follow) => {
          try {
            const file = root.openAt({ symlinkFollow: follow }, candidate, {}, READ);
            if (file.getType() === 'regular-file') {
              opened++;
              expect(new TextDecoder().decode(file.read(99n, 0n)[0])).to.equal('inside');
            } else {
              expect(err(() => file.openAt(FOLLOW, 'secret', {}, READ))).to.equal('no-entry');
            }
            file[Symbol.dispose]();
          } catch (error) {
            if (!Object.hasOwn(error as object, 'payload')) throw error;
          }
        }),
        { numRuns: 1000 },
      );
      expect(opened).to.be.above(0);
    });
  });

  it('resolves what stays inside', () => {
    symlinkSync('sub/../link', join(files.granted, 'chain'));
    symlinkSync('sub', join(files.granted, 'dir'));
    for (const path of ['file', './file', 'sub/../file', 'sub//file', 'link', 'chain', 'dir/file', 'dir/../file']) {
      expect(cat(root, path), path).to.equal('inside');
    }
    expect(err(() => root.openAt(NOFOLLOW, 'link', {}, READ))).to.equal('loop');
    expect(root.statAt(NOFOLLOW, 'link').type).to.equal('symbolic-link');
    expect(root.statAt(NOFOLLOW, 'dir/').type).to.equal('directory');
    expect(root.statAt(FOLLOW, 'sub/..').type).to.equal('directory');
  });

  it('is stopped in a circle and in a long chain of symbolic links', () => {
    symlinkSync('b', join(files.granted, 'a'));
    symlinkSync('a', join(files.granted, 'b'));
    symlinkSync('file', join(files.granted, 'l0'));
    for (let link = 1; link <= 41; link++) symlinkSync(`l${link - 1}`, join(files.granted, `l${link}`));
    expect(err(() => root.openAt(FOLLOW, 'a', {}, READ))).to.equal('loop');
    expect(err(() => root.openAt(FOLLOW, 'a/file', {}, READ))).to.equal('loop');
    expect(cat(root, 'l39')).to.equal('inside');
    expect(err(() => root.openAt(FOLLOW, 'l40', {}, READ))).to.equal('loop');
  });

  it('cannot make one walk hold or cost without bound', () => {
    let deep = '';
    for (let depth = 0; depth < 140; depth++) {
      deep += 'd/';
      mkdirSync(join(files.granted, deep));
    }
    expect(root.statAt(NOFOLLOW, 'd/'.repeat(128)).type).to.equal('directory');
    expect(err(() => root.statAt(NOFOLLOW, deep))).to.equal('name-too-long');
    expect(err(() => root.statAt(NOFOLLOW, 'sub/../'.repeat(600)))).to.equal('name-too-long');
    expect(err(() => root.statAt(NOFOLLOW, 'd/../'.repeat(520)))).to.equal('loop');
    expect(err(() => root.statAt(NOFOLLOW, 'x'.repeat(32 * 1024 * 1024)))).to.equal('name-too-long');
    expect(err(() => root.statAt(NOFOLLOW, 'x'.repeat(256)))).to.equal('name-too-long');
  });

  it('cannot confuse the walk with names that are no text or hold a zero', () => {
    expect(err(() => root.statAt(NOFOLLOW, 'file\0'))).to.equal('illegal-byte-sequence');
    expect(err(() => root.createDirectoryAt('\ud800'))).to.equal('illegal-byte-sequence');
    expect(err(() => root.statAt(NOFOLLOW, ''))).to.equal('no-entry');
    expect(err(() => root.symlinkAt('', 'empty'))).to.equal('invalid');
    for (const path of ['.', 'sub/..', '']) expect(() => root.createDirectoryAt(path)).to.throw();
  });

  it('opens no FIFO, which would block the thread', () => {
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(files.granted, 'fifo')]);
    for (const flags of [READ, WRITE, { read: true, write: true }]) {
      expect(err(() => root.openAt(FOLLOW, 'fifo', {}, flags))).to.equal('not-permitted');
    }
    expect(err(() => root.openAt(FOLLOW, 'fifo', CREATE, WRITE))).to.equal('not-permitted');
    expect(err(() => root.openAt(FOLLOW, 'fifo', { truncate: true }, WRITE))).to.equal('not-permitted');
    expect(root.statAt(FOLLOW, 'fifo').type).to.equal('fifo');
    expect(err(() => root.linkAt(NOFOLLOW, 'fifo', root, 'second'))).to.equal('not-permitted');
    expect(err(() => root.setTimesAt(NOFOLLOW, 'fifo', { tag: 'now' }, { tag: 'now' }))).to.equal('not-permitted');
  });

  it('opens no socket', (done) => {
    const server = createServer().listen(join(files.granted, 'socket'), () => {
      expect(err(() => root.openAt(FOLLOW, 'socket', {}, READ))).to.equal('not-permitted');
      server.close(() => done());
    });
  });

  it('opens no device', () => {
    const dev = sandbox({ allowFsRead: [{ directory: '/dev', mount: '/dev' }] }).preopen('/dev');
    expect(dev.statAt(NOFOLLOW, 'null').type).to.equal('character-device');
    for (const name of ['null', 'zero', 'tty'])
      expect(err(() => dev.openAt(FOLLOW, name, {}, READ))).to.equal('not-permitted');
    // A link to /proc/self/fd.
    expect(err(() => dev.openAt(FOLLOW, 'fd', {}, READ))).to.equal('not-permitted');
  });

  it('reaches a file that was linked into the directory, and no other by making links', () => {
    // A hard link is the file itself: whoever put it there has granted it.
    linkSync(join(files.outside, 'secret'), join(files.granted, 'planted'));
    expect(cat(root, 'planted')).to.equal('outside');
    unlinkSync(join(files.granted, 'planted'));
    symlinkSync('../outside/secret', join(files.granted, 'link-out'));
    expect(err(() => root.linkAt(NOFOLLOW, 'link-out', root, 'second'))).to.equal('not-permitted');
    expect(err(() => root.linkAt(FOLLOW, 'link-out', root, 'second'))).to.equal('not-permitted');
    expect(err(() => root.linkAt(NOFOLLOW, 'sub', root, 'second'))).to.equal('not-permitted');
    root.linkAt(NOFOLLOW, 'file', root, 'sub/second');
    expect(cat(root, 'sub/second')).to.equal('inside');
    expect(lstatSync(join(files.granted, 'file')).nlink).to.equal(2);
  });
});
