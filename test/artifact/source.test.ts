import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { readSource } from '../../src/artifact/source.ts';
import { rejection } from '../support/outcome.ts';

describe('readSource', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-'));
  });
  after(() => rm(directory, { recursive: true }));

  async function refusal(source: unknown): Promise<string> {
    const error = await rejection(readSource(source as string));
    expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
    return error.message;
  }

  it('reads a file by its path and by its URL', async () => {
    const path = join(directory, 'a b%20ü.wasm');
    await writeFile(path, 'bytes');
    expect(Buffer.from(await readSource(path)).toString()).to.equal('bytes');
    expect(Buffer.from(await readSource(pathToFileURL(path))).toString()).to.equal('bytes');
  });

  it('copies bytes: what the caller changes afterwards changes nothing', async () => {
    const bytes = Buffer.from('bytes');
    const read = readSource(bytes);
    bytes.fill(0);
    expect(Buffer.from(await read).toString()).to.equal('bytes');
  });

  it('follows symbolic links', async () => {
    await writeFile(join(directory, 'target'), 'bytes');
    await symlink('target', join(directory, 'link'));
    expect(Buffer.from(await readSource(join(directory, 'link'))).toString()).to.equal('bytes');
  });

  it('says what is wrong with the file, and never a bare errno', async () => {
    const at = (name: string) => join(directory, name);
    await writeFile(at('empty'), '');
    await writeFile(at('file'), 'x');
    await symlink('loop', at('loop'));
    await writeFile(at('large'), '');
    await truncate(at('large'), 256 * 1024 * 1024 + 1);
    execFileSync('mkfifo', [at('pipe')]);
    expect(await refusal(at('none'))).to.equal(`Cannot read the plugin \`${at('none')}\`: there is no such file`);
    expect(await refusal(directory)).to.equal(`Cannot read the plugin \`${directory}\`: it is a directory`);
    expect(await refusal(at('file/below'))).to.match(/: a part of its path is not a directory$/);
    expect(await refusal(at('loop'))).to.match(/: its path has too many symbolic links$/);
    expect(await refusal(at('n'.repeat(300)))).to.match(/: its name is too long$/);
    expect(await refusal(at('pipe'))).to.match(/: it is not a regular file$/);
    expect(await refusal('/dev/null')).to.match(/: it is not a regular file$/);
    expect(await refusal(at('empty'))).to.equal(`The file \`${at('empty')}\` is empty`);
    expect(await refusal(at('large'))).to.equal(
      `Cannot read the plugin \`${at('large')}\`: it has 268435457 bytes; the limit is 268435456`,
    );
  });

  it('says that permission is denied', async () => {
    const path = join(directory, 'secret');
    await writeFile(path, 'bytes');
    await chmod(path, 0);
    // Nothing is denied to root.
    if (process.getuid?.() === 0) expect(await readSource(path)).to.have.length(5);
    else expect(await refusal(path)).to.equal(`Cannot read the plugin \`${path}\`: permission is denied`);
  });

  it('refuses what is no source', async () => {
    expect(await refusal(new Uint8Array(0))).to.equal('The component is empty');
    for (const source of ['', 'a\0b', undefined, null, 5, {}, new URL('https://example.org/plugin.wasm'), [1]]) {
      expect(await refusal(source)).to.match(
        /^Expected `source` to be the path of a file, a `file:` URL or a Uint8Array, got /,
      );
    }
  });
});
