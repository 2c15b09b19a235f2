import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Descriptor } from '../../../../src/host/wasi/filesystem/descriptor.ts';
import type { NewTimestamp } from '../../../../src/host/wasi/filesystem/metadata.ts';
import { bytes, cat, closeAll, err, put, sandbox, type Tree, tree } from '../sandbox.ts';

const NOW: NewTimestamp = { tag: 'now' };

/** Every call that changes something, on a directory granted for reading, beside one granted for writing. */
const CALLS: readonly (readonly [name: string, call: (sealed: Descriptor, writable: Descriptor) => unknown])[] = [
  ['open-at with create', (sealed) => sealed.openAt({}, 'new', { create: true }, { read: true })],
  [
    'open-at with create, of a file that exists',
    (sealed) => sealed.openAt({}, 'file', { create: true }, { read: true }),
  ],
  [
    'open-at with create and exclusive',
    (sealed) => sealed.openAt({}, 'new', { create: true, exclusive: true }, { read: true }),
  ],
  ['open-at with truncate', (sealed) => sealed.openAt({}, 'file', { truncate: true }, { read: true })],
  ['open-at for writing', (sealed) => sealed.openAt({}, 'file', {}, { write: true })],
  ['open-at for reading and writing', (sealed) => sealed.openAt({}, 'file', {}, { read: true, write: true })],
  [
    'open-at for writing, through a link',
    (sealed) => sealed.openAt({ symlinkFollow: true }, 'link', {}, { write: true }),
  ],
  ['open-at with mutate-directory', (sealed) => sealed.openAt({}, 'sub', {}, { read: true, mutateDirectory: true })],
  [
    'open-at for writing, below a subdirectory',
    (sealed) => open(sealed, 'sub').openAt({}, 'file', {}, { write: true }),
  ],
  ['write', (sealed) => open(sealed, 'file').write(bytes('x'), 0n)],
  ['write-via-stream', (sealed) => open(sealed, 'file').writeViaStream(0n)],
  ['append-via-stream', (sealed) => open(sealed, 'file').appendViaStream()],
  ['set-size', (sealed) => open(sealed, 'file').setSize(0n)],
  ['set-times of a file', (sealed) => open(sealed, 'file').setTimes(NOW, NOW)],
  ['set-times of the directory', (sealed) => sealed.setTimes(NOW, NOW)],
  ['set-times-at', (sealed) => sealed.setTimesAt({}, 'file', NOW, NOW)],
  ['set-times-at of a link', (sealed) => sealed.setTimesAt({}, 'link', NOW, NOW)],
  ['create-directory-at', (sealed) => sealed.createDirectoryAt('new')],
  ['create-directory-at below a subdirectory', (sealed) => open(sealed, 'sub').createDirectoryAt('new')],
  ['remove-directory-at', (sealed) => sealed.removeDirectoryAt('sub')],
  ['unlink-file-at', (sealed) => sealed.unlinkFileAt('file')],
  ['symlink-at', (sealed) => sealed.symlinkAt('file', 'new')],
  ['rename-at within', (sealed) => sealed.renameAt('file', sealed, 'new')],
  ['rename-at out of it', (sealed, writable) => sealed.renameAt('file', writable, 'stolen')],
  ['rename-at into it', (sealed, writable) => writable.renameAt('own', sealed, 'new')],
  ['link-at within', (sealed) => sealed.linkAt({}, 'file', sealed, 'new')],
  ['link-at out of it', (sealed, writable) => sealed.linkAt({}, 'file', writable, 'stolen')],
  ['link-at into it', (sealed, writable) => writable.linkAt({}, 'own', sealed, 'new')],
];

function open(directory: Descriptor, path: string): Descriptor {
  return directory.openAt({}, path, {}, { read: true });
}

/** Everything that a change could show in. */
function snapshot(directory: string): unknown {
  return [
    readdirSync(directory, { recursive: true }).sort(),
    ['', 'file', 'link', 'sub', 'sub/file'].map((name) => statSync(join(directory, name)).mtimeMs),
    readFileSync(join(directory, 'file'), 'utf8'),
    statSync(join(directory, 'file')).nlink,
  ];
}

describe('a directory granted for reading', () => {
  let files: Tree;
  let sealed: Descriptor;
  let writable: Descriptor;

  beforeEach(() => {
    files = tree();
    const box = sandbox({
      allowFsRead: [{ directory: files.granted, mount: '/in' }],
      allowFsWrite: [{ directory: files.outside, mount: '/out' }],
    });
    sealed = box.preopen('/in');
    writable = box.preopen('/out');
    put(writable, 'own', 'mine');
  });

  afterEach(() => {
    closeAll();
    files.remove();
  });

  for (const [name, call] of CALLS) {
    it(`refuses ${name}`, () => {
      const before = snapshot(files.granted);
      expect(err(() => call(sealed, writable))).to.equal('read-only');
      expect(snapshot(files.granted)).to.deep.equal(before);
      expect(readdirSync(files.outside)).not.to.include('stolen');
    });
  }

  it('can be read', () => {
    expect([cat(sealed, 'file'), cat(sealed, 'link'), cat(sealed, 'sub/file')]).to.deep.equal([
      'inside',
      'inside',
      'inside',
    ]);
    expect(sealed.readlinkAt('link')).to.equal('file');
    expect(sealed.getFlags()).to.deep.equal({ read: true, mutateDirectory: false });
    expect(open(sealed, 'file').getFlags()).to.deep.equal({ read: true, write: false });
    sealed.sync();
    open(sealed, 'file').sync();
  });
});
