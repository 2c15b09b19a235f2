import { mkdirSync, readdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { PluginError } from '../../../../src/errors.ts';
import { type Policy, resolvePolicy } from '../../../../src/host/policy/policy.ts';
import { openGrants } from '../../../../src/host/wasi/filesystem/grants.ts';
import { cat, closeAll, err, put, sandbox, type Tree, thrown, tree } from '../sandbox.ts';

const mounts = (policy: Policy): string[] =>
  sandbox(policy)
    .interface<{ getDirectories(): [unknown, string][] }>('wasi:filesystem/preopens')
    .getDirectories()
    .map(([, path]) => path);

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

describe('granted directories', () => {
  let files: Tree;

  beforeEach(() => {
    files = tree();
  });

  afterEach(() => {
    closeAll();
    files.remove();
  });

  it('are none unless granted', () => {
    expect(mounts({})).to.deep.equal([]);
  });

  it('appear under their mount, in order, without what does not exist', () => {
    expect(
      mounts({
        allowFsRead: [`${files.granted}/`, { directory: join(files.root, 'missing'), mount: '/missing' }],
        allowFsWrite: [{ directory: `${files.outside}/../outside`, mount: '/a//b/../c/' }],
      }),
    ).to.deep.equal([files.granted, '/a/c']);
  });

  it('can be mounted at the root of the guest', () => {
    expect(cat(sandbox({ allowFsRead: [{ directory: files.granted, mount: '/' }] }).preopen('/'), 'file')).to.equal(
      'inside',
    );
  });

  it('that are granted for reading and for writing are mounted once, for writing', () => {
    const policy = { allowFsRead: [files.granted], allowFsWrite: [files.granted] };
    expect(mounts(policy)).to.deep.equal([files.granted]);
    put(sandbox(policy).preopen(files.granted), 'new', 'x');
  });

  const refused: readonly (readonly [
    what: string,
    directory: (files: Tree) => string,
    message: string,
    hint: string,
  ])[] = [
    ['the root', () => '/', 'is the whole file system', 'Grant the directories that the plugin needs.'],
    [
      'the root, disguised',
      () => '/tmp/..',
      'is the whole file system',
      'Grant the directories that the plugin needs.',
    ],
    ['/proc', () => '/proc', 'shows the kernel, not files', 'Grant the directories that the plugin needs.'],
    ['below /proc', () => '/proc/sys', 'shows the kernel, not files', 'Grant the directories that the plugin needs.'],
    ['/sys', () => '/sys', 'shows the kernel, not files', 'Grant the directories that the plugin needs.'],
    ['a file', ({ granted }) => join(granted, 'file'), 'cannot be opened (not-directory)', 'Check the path'],
    ['a link', ({ root }) => join(root, 'link'), 'is or lies behind a symbolic link', 'Grant the real path, '],
    [
      'a path through a link',
      ({ root }) => join(root, 'link/sub'),
      'lies behind a symbolic link',
      'Grant the real path, ',
    ],
  ];
  for (const [what, directory, message, hint] of refused) {
    it(`are refused: ${what}`, () => {
      symlinkSync('granted', join(files.root, 'link'));
      const before = openDescriptors();
      const policy = { allowFsRead: [files.outside, { directory: directory(files), mount: '/x' }] };
      const error = thrown(() => sandbox(policy)) as PluginError;
      expect(error.code).to.equal('ERR_CAPABILITY_DENIED');
      expect(error.message).to.include(message);
      expect(error.hint).to.include(hint);
      expect(openDescriptors()).to.equal(before);
    });
  }

  it('say which real path to grant instead of a link', () => {
    symlinkSync('granted', join(files.root, 'link'));
    const error = thrown(() => sandbox({ allowFsWrite: [join(files.root, 'link')] })) as PluginError;
    expect(error.hint).to.equal(`Grant the real path, ${files.granted}.`);
  });

  it('are refused when two have one mount', () => {
    const policy = {
      allowFsRead: [
        { directory: files.granted, mount: '/x' },
        { directory: files.outside, mount: '/x/' },
      ],
    };
    expect((thrown(() => sandbox(policy)) as PluginError).message).to.include(
      `is mounted at /x, as is ${files.granted}`,
    );
  });

  it('are refused elsewhere than on Linux', () => {
    const { context } = sandbox();
    const owner = { host: context, quotas: undefined } as never;
    const error = thrown(() =>
      openGrants(resolvePolicy({ allowFsRead: [files.granted] }), owner, 'darwin'),
    ) as PluginError;
    expect([error.code, error.hint]).to.deep.equal([
      'ERR_CAPABILITY_DENIED',
      'File grants need Linux with /proc mounted; remove `allowFsRead` and `allowFsWrite` from the policy.',
    ]);
    expect(openGrants(resolvePolicy(), owner, 'darwin')).to.deep.equal([]);
  });

  it('cannot be turned elsewhere by a plugin that may write above them', () => {
    mkdirSync(join(files.granted, 'of-another'));
    const policy = { allowFsRead: [{ directory: join(files.granted, 'of-another'), mount: '/own' }] };
    sandbox(policy);
    const attacker = sandbox({ allowFsWrite: [{ directory: files.granted, mount: '/data' }] }).preopen('/data');
    attacker.removeDirectoryAt('of-another');
    attacker.symlinkAt('sub', 'of-another');
    expect((thrown(() => sandbox(policy)) as PluginError).code).to.equal('ERR_CAPABILITY_DENIED');
  });

  it('do not lead into a pseudo file system that is mounted below them', () => {
    // As a bind mount of /proc below a granted directory would be; mounting needs rights that tests do not have.
    const dev = sandbox({ allowFsRead: ['/dev'] }).preopen('/dev');
    expect(err(() => dev.openAt({}, 'pts', {}, { read: true }))).to.equal('not-permitted');
    expect(err(() => dev.statAt({}, 'pts/0'))).to.equal('not-permitted');
  });

  it('are closed with the instance, and so is all that was opened below them', () => {
    const before = openDescriptors();
    const { wasi, preopen } = sandbox({ allowFsWrite: [{ directory: files.granted, mount: '/data' }] });
    const root = preopen('/data');
    const file = root.openAt({}, 'file', {}, { read: true, write: true });
    file.appendViaStream();
    file.readViaStream(0n);
    root.readDirectory().readDirectoryEntry();
    expect(openDescriptors()).to.equal(before + 4);
    wasi.close();
    expect(openDescriptors()).to.equal(before);
    expect(err(() => file.read(1n, 0n))).to.equal('bad-descriptor');
    expect(err(() => root.openAt({}, 'file', {}, { read: true }))).to.equal('bad-descriptor');
    file[Symbol.dispose]();
    root[Symbol.dispose]();
    wasi.close();
    expect(openDescriptors()).to.equal(before);
  });

  it('leave nothing open after thousands of calls that fail', () => {
    const root = sandbox({ allowFsWrite: [{ directory: files.granted, mount: '/data' }] }).preopen('/data');
    symlinkSync('../outside', join(files.granted, 'out'));
    renameSync(join(files.granted, 'sub'), join(files.granted, 'deep'));
    const before = openDescriptors();
    for (let round = 0; round < 2000; round++) {
      for (const path of ['deep/none', 'deep/../../x', 'out/secret', 'file/x', 'deep/file/']) {
        err(() => root.openAt({ symlinkFollow: true }, path, {}, { read: true }));
      }
      err(() => root.openAt({}, 'deep', {}, { write: true }));
    }
    expect(openDescriptors()).to.equal(before);
  });
});
