import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { PluginError } from '../../../../src/errors.ts';
import type { Descriptor } from '../../../../src/host/wasi/filesystem/descriptor.ts';
import type { FsErrorCode } from '../../../../src/host/wasi/filesystem/errno.ts';
import type { IoError } from '../../../../src/host/wasi/io-error.ts';
import { bytes, closeAll, err, type Sandbox, sandbox, type Tree, thrown, tree } from '../sandbox.ts';

const BOTH = { read: true, write: true };
const U64_MAX = 2n ** 64n - 1n;

describe('an open file', () => {
  let files: Tree;
  let box: Sandbox;
  let root: Descriptor;
  const content = (name: string): string => readFileSync(join(files.granted, name), 'utf8');

  beforeEach(() => {
    files = tree();
    box = sandbox({ allowFsWrite: [{ directory: files.granted, mount: '/data' }] });
    root = box.preopen('/data');
  });

  afterEach(() => {
    closeAll();
    files.remove();
  });

  it('reads at an offset and says where the end is', () => {
    const file = root.openAt({}, 'file', {}, { read: true });
    expect(file.read(2n, 1n)).to.deep.equal([bytes('ns'), false]);
    expect(file.read(99n, 3n)).to.deep.equal([bytes('ide'), true]);
    expect(file.read(1n, 6n)).to.deep.equal([bytes(''), true]);
    expect(file.read(1n, U64_MAX)).to.deep.equal([bytes(''), true]);
    expect(file.read(0n, 0n)).to.deep.equal([bytes(''), false]);
  });

  it('reads at most 1 MiB a call, and takes no more memory than there is content', () => {
    writeFileSync(join(files.granted, 'large'), new Uint8Array(3 * 1024 * 1024));
    const [large, small] = ['large', 'file'].map((name) => root.openAt({}, name, {}, { read: true }));
    const [first, atEnd] = large!.read(U64_MAX, 0n);
    expect([first.length, atEnd]).to.deep.equal([1024 * 1024, false]);
    const [read] = small!.read(U64_MAX, 0n);
    expect(read.buffer.byteLength).to.equal(6);
  });

  it('writes at an offset, in place and behind the end', () => {
    const file = root.openAt({}, 'file', {}, BOTH);
    expect(file.write(bytes('IN'), 0n)).to.equal(2n);
    expect(file.write(bytes('!'), 8n)).to.equal(1n);
    expect(content('file')).to.equal('INside\0\0!');
    expect(err(() => file.write(bytes('x'), U64_MAX))).to.equal('file-too-large');
  });

  it('does only what it was opened for', () => {
    const reader = root.openAt({}, 'file', {}, { read: true });
    expect(err(() => reader.write(bytes('x'), 0n))).to.equal('bad-descriptor');
    expect(err(() => reader.writeViaStream(0n))).to.equal('bad-descriptor');
    expect(err(() => reader.appendViaStream())).to.equal('bad-descriptor');
    expect(err(() => reader.setSize(0n))).to.equal('bad-descriptor');
    const writer = root.openAt({}, 'file', {}, { write: true });
    expect(err(() => writer.read(1n, 0n))).to.equal('bad-descriptor');
    expect(err(() => writer.readViaStream(0n))).to.equal('bad-descriptor');
    expect(err(() => root.read(1n, 0n))).to.equal('is-directory');
    expect(err(() => root.advise())).to.equal('is-directory');
    expect(err(() => reader.statAt({}, 'x'))).to.equal('not-directory');
    expect(content('file')).to.equal('inside');
    expect([writer.getFlags(), writer.getType()]).to.deep.equal([{ read: false, write: true }, 'regular-file']);
  });

  it('streams from and to an offset', () => {
    const file = root.openAt({}, 'file', {}, BOTH);
    const input = file.readViaStream(2n);
    expect([input.read(2n), input.blockingRead(9n)]).to.deep.equal([bytes('si'), bytes('de')]);
    expect(input.read(0n)).to.deep.equal(bytes(''));
    expect(err(() => input.read(1n))).to.deep.equal({ tag: 'closed' });
    const output = file.writeViaStream(6n);
    output.write(bytes(' and'));
    output.blockingWriteAndFlush(bytes(' out'));
    expect(content('file')).to.equal('inside and out');
    expect(output.splice(file.readViaStream(0n), 6n)).to.equal(6n);
    output.writeZeroes(2n);
    expect(content('file')).to.equal('inside and outinside\0\0');
  });

  it('appends where the end is by then', () => {
    const file = root.openAt({}, 'file', {}, { write: true });
    const [one, two] = [file.appendViaStream(), file.appendViaStream()];
    for (const [stream, text] of [
      [one, ' 1'],
      [two, ' 2'],
      [one, ' 3'],
    ] as const)
      stream.write(bytes(text));
    expect(content('file')).to.equal('inside 1 2 3');
  });

  it('lives as long as the last of its streams', () => {
    const file = root.openAt({}, 'file', {}, BOTH);
    const [input, output] = [file.readViaStream(0n), file.writeViaStream(0n)];
    file[Symbol.dispose]();
    output.write(bytes('IN'));
    output[Symbol.dispose]();
    expect(input.read(99n)).to.deep.equal(bytes('INside'));
    input[Symbol.dispose]();
    expect(err(() => input.read(1n))).to.have.property('tag', 'last-operation-failed');
  });

  it('changes its size', () => {
    const file = root.openAt({}, 'file', {}, { write: true });
    file.setSize(2n);
    file.setSize(4n);
    expect(content('file')).to.equal('in\0\0');
    expect(err(() => file.setSize(U64_MAX))).to.equal('file-too-large');
  });

  it('tells its metadata, without times where the policy denies clocks', () => {
    const file = root.openAt({}, 'file', {}, { read: true });
    const { mtimeNs } = statSync(join(files.granted, 'file'), { bigint: true });
    const { dataModificationTimestamp, ...rest } = file.stat();
    expect(rest).to.include({ type: 'regular-file', linkCount: 1n, size: 6n });
    expect(dataModificationTimestamp).to.deep.equal({
      seconds: mtimeNs / 1_000_000_000n,
      nanoseconds: Number(mtimeNs % 1_000_000_000n),
    });
    const blind = sandbox({ allowFsRead: [files.granted], allowClocks: false }).preopen(files.granted);
    expect(blind.statAt({}, 'file')).to.deep.equal({
      type: 'regular-file',
      linkCount: 1n,
      size: 6n,
      dataAccessTimestamp: undefined,
      dataModificationTimestamp: undefined,
      statusChangeTimestamp: undefined,
    });
  });

  it('is told apart from others by identity and by hash', () => {
    const [one, same, other] = ['file', 'link', 'sub/file'].map((name) =>
      root.openAt({ symlinkFollow: true }, name, {}, BOTH),
    );
    expect([one!.isSameObject(same!), one!.isSameObject(other!), one!.isSameObject(root)]).to.deep.equal([
      true,
      false,
      false,
    ]);
    const before = one!.metadataHash();
    expect(root.metadataHashAt({ symlinkFollow: true }, 'link')).to.deep.equal(before);
    expect(other!.metadataHash().lower).not.to.equal(before.lower);
    same!.write(bytes('longer content'), 0n);
    expect(one!.metadataHash().lower).to.equal(before.lower);
    expect(one!.metadataHash().upper).not.to.equal(before.upper);
  });

  it('goes to disk when asked', () => {
    const file = root.openAt({}, 'file', {}, BOTH);
    file.sync();
    file.syncData();
    root.sync();
    root.syncData();
    file.advise();
  });

  it('tells the reason of a failed stream in the words of the file system, and nothing of the host', () => {
    const small = sandbox(
      { allowFsWrite: [{ directory: files.granted, mount: '/data' }] },
      { fileQuotas: { maxWrittenBytes: 3 } },
    );
    const stream = small.preopen('/data').openAt({}, 'file', {}, { write: true }).writeViaStream(0n);
    const { tag, val } = err(() => stream.write(bytes('four'))) as { tag: string; val: IoError };
    const { filesystemErrorCode } = small.interface<{ filesystemErrorCode(error: IoError): FsErrorCode | undefined }>(
      'wasi:filesystem/types',
    );
    expect([tag, filesystemErrorCode(val), val.toDebugString()]).to.deep.equal([
      'last-operation-failed',
      'quota',
      'file error: quota',
    ]);
  });

  it('traps when a stream is given more than it permits', () => {
    const stream = root.openAt({}, 'file', {}, { write: true }).writeViaStream(0n);
    expect((thrown(() => stream.write(new Uint8Array(1024 * 1024 + 1))) as PluginError).code).to.equal('ERR_TRAP');
  });
});
