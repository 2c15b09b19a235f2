import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { FileQuotas } from '../../../../src/host/wasi/filesystem/quotas.ts';
import { bytes, closeAll, err, put, type Sandbox, sandbox, type Tree, tree } from '../sandbox.ts';

describe('file quotas', () => {
  let files: Tree;

  beforeEach(() => {
    files = tree();
  });

  afterEach(() => {
    closeAll();
    files.remove();
  });

  const limited = (fileQuotas: Partial<FileQuotas>): Sandbox =>
    sandbox({ allowFsWrite: [{ directory: files.granted, mount: '/data' }] }, { fileQuotas });

  it('bound the bytes written in one call, by every way to write', () => {
    const box = limited({ maxWrittenBytes: 10 });
    const file = box.preopen('/data').openAt({}, 'file', {}, { write: true });
    const ways: [string, () => unknown][] = [
      ['write', () => file.write(new Uint8Array(11), 0n)],
      ['a hole', () => file.write(bytes('x'), 1_000_000n)],
      ['set-size', () => file.setSize(17n)],
    ];
    for (const [name, way] of ways) expect(err(way), name).to.equal('quota');
    for (const stream of [file.writeViaStream(0n), file.appendViaStream()]) {
      expect(err(() => stream.write(new Uint8Array(11)))).to.have.property('tag', 'last-operation-failed');
      expect(err(() => stream.writeZeroes(11n))).to.have.property('tag', 'last-operation-failed');
    }
    expect(statSync(join(files.granted, 'file')).size).to.equal(6);
    file.write(new Uint8Array(10), 0n);
    expect(err(() => file.write(new Uint8Array(1), 0n))).to.equal('quota');
    box.wasi.flush();
    file.write(new Uint8Array(10), 0n);
  });

  it('count what a file grows by, not its size', () => {
    const file = limited({ maxWrittenBytes: 4 }).preopen('/data').openAt({}, 'file', {}, { write: true });
    file.setSize(10n);
    file.setSize(0n);
    expect(err(() => file.setSize(1n))).to.equal('quota');
  });

  it('bound what is created in one call, by every way to create', () => {
    const box = limited({ maxCreated: 4 });
    const root = box.preopen('/data');
    put(root, 'new', '');
    root.createDirectoryAt('directory');
    root.symlinkAt('file', 'symbolic');
    root.linkAt({}, 'file', root, 'hard');
    expect(err(() => put(root, 'more', ''))).to.equal('quota');
    expect(err(() => root.createDirectoryAt('more'))).to.equal('quota');
    expect(err(() => root.symlinkAt('file', 'more'))).to.equal('quota');
    expect(err(() => root.linkAt({}, 'file', root, 'more'))).to.equal('quota');
    put(root, 'new', 'again');
    box.wasi.flush();
    put(root, 'more', '');
  });

  it('bound what is open at a time, directory streams and appending streams included', () => {
    // The granted directory itself is one.
    const root = limited({ maxOpen: 4 }).preopen('/data');
    const file = root.openAt({}, 'file', {}, { write: true });
    const stream = file.appendViaStream();
    const entries = root.readDirectory();
    expect(err(() => root.openAt({}, 'sub', {}, { read: true }))).to.equal('quota');
    expect(err(() => root.readDirectory())).to.equal('quota');
    expect(err(() => file.appendViaStream())).to.equal('quota');
    for (const one of [file, stream, entries]) one[Symbol.dispose]();
    for (let round = 0; round < 3; round++) root.openAt({}, 'sub', {}, { read: true });
    expect(err(() => root.openAt({}, 'file', {}, { read: true }))).to.equal('quota');
  });
});
