import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { files3 } from '../fixtures/files-3.ts';
import { BINDING, closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

/** Places in the variant `error-code`, behind the guest's own 10 or 100. */
const BAD_DESCRIPTOR = 2;
const IS_DIRECTORY = 13;
const NO_ENTRY = 19;
const NOT_DIRECTORY = 23;
const NOT_PERMITTED = 30;
const READ_ONLY = 32;

describe('files in WASI 0.3', () => {
  let directory: string;
  let engine: PluginEngine;
  before(async function () {
    directory = await mkdtemp(join(tmpdir(), 'files-3-'));
    if (BINDING === 'glue') this.skip();
    await writeFile(join(directory, 'a.txt'), 'ada');
    await mkdir(join(directory, 'inner'));
    await symlink('/etc', join(directory, 'out'));
    engine = await createEngine({ threads: 1, isolation: 'none' });
    const grant = { directory, mount: '/' };
    await engine.loadPlugin('writer', await files3(), { sandbox: { allowFsWrite: [grant] } });
    await engine.loadPlugin('reader', await files3(), { sandbox: { allowFsRead: [grant] } });
  });
  after(async () => {
    await closeEngines();
    await rm(directory, { recursive: true });
  });

  const statusOf = async (plugin: string, ...args: string[]) =>
    (await engine.run(plugin, { args, stdin: 'text' })).status;

  it('are read by streams, also by one that another function of the host reads', async () => {
    const text = 'line\n'.repeat(100_000);
    await writeFile(join(directory, 'long.txt'), text);
    const { status, stdout } = await engine.run('reader', { args: ['read', 'long.txt'] });
    expect(status).to.equal(0);
    expect(stdout.toString() === text).to.equal(true);
  });

  it('are written by streams', async () => {
    const bytes = new Uint8Array(1_000_003).map((_, index) => index % 251);
    expect((await engine.run('writer', { args: ['write', 'b.bin'], stdin: bytes })).status).to.equal(0);
    expect((await readFile(join(directory, 'b.bin'))).equals(bytes)).to.equal(true);
  });

  it('are written at their end', async () => {
    await writeFile(join(directory, 'c.txt'), 'first ');
    expect(await statusOf('writer', 'append', 'c.txt')).to.equal(0);
    expect(await readFile(join(directory, 'c.txt'), 'utf8')).to.equal('first text');
  });

  it('have their names come by a stream, however many there are', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `n-${index}`);
    await mkdir(join(directory, 'many'));
    for (const name of names) await writeFile(join(directory, 'many', name), '');
    const { status, stdout } = await engine.run('reader', { args: ['list', 'many'] });
    expect(status).to.equal(0);
    expect(stdout.toString().trim().split('\n')).to.have.members(names);
  });

  it('are not there, and not to be changed, without a grant', async () => {
    expect(await statusOf('reader', 'write', 'a.txt')).to.equal(10 + READ_ONLY);
    expect(await statusOf('reader', 'read', 'none')).to.equal(10 + NO_ENTRY);
    for (const path of ['out/passwd', '../x', '/etc/passwd']) {
      expect(await statusOf('writer', 'read', path), path).to.equal(10 + NOT_PERMITTED);
    }
  });

  it('say by a future why their streams ended', async () => {
    expect(await statusOf('writer', 'deny', 'a.txt')).to.equal(100 + BAD_DESCRIPTOR);
    expect(await statusOf('reader', 'deny', 'a.txt')).to.equal(100 + READ_ONLY);
    expect(await statusOf('reader', 'read', 'inner')).to.equal(100 + IS_DIRECTORY);
    expect(await statusOf('reader', 'list', 'a.txt')).to.equal(100 + NOT_DIRECTORY);
  });

  it('have no more streams than there may be resources', async () => {
    expect(await rejection(engine.run('reader', { args: ['hoard', 'a.txt'] }))).to.include({
      code: 'ERR_MEMORY_LIMIT',
    });
    expect(await statusOf('reader', 'read', 'a.txt')).to.equal(0);
  });
});
