import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readRegularFile, UnreadableFile } from '../../src/arguments/regular-file.ts';

describe('readRegularFile', () => {
  let directory: string;
  const at = (name: string): string => join(directory, name);
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'regular-file-'));
  });
  after(() => rm(directory, { recursive: true }));

  async function refusal(path: string, maxBytes = 1000): Promise<string> {
    const error: unknown = await readRegularFile(path, maxBytes).then(
      () => 'it was read',
      (thrown: unknown) => thrown,
    );
    return error instanceof UnreadableFile ? `${error.is}: ${error.message}` : String(error);
  }

  it('reads what there is, up to the limit', async () => {
    for (const size of [0, 1, 999, 1000]) {
      await writeFile(at('file'), Buffer.alloc(size, size));
      const bytes = await readRegularFile(at('file'), 1000);
      expect(Buffer.from(bytes).equals(await readFile(at('file')))).to.equal(true);
      expect(bytes.buffer.byteLength).to.equal(size);
    }
    await truncate(at('file'), 1001);
    expect(await refusal(at('file'))).to.equal('too-large: it has 1001 bytes; the limit is 1000');
  });

  it('does not wait for what never comes, nor read what never ends', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    for (const path of [at('pipe'), '/dev/zero', '/dev/null']) {
      expect(await refusal(path)).to.equal('special: it is not a regular file');
    }
    expect(await refusal(directory)).to.equal('directory: it is a directory');
  });

  it('reads files that are said to be empty, and holds them to the limit', async function () {
    if (process.platform !== 'linux') this.skip();
    expect(Buffer.from(await readRegularFile('/proc/self/stat', 10_000)).toString()).to.match(/^\d+ \(/);
    expect(await refusal('/proc/self/stat', 10)).to.match(/^too-large: it has \d+ bytes; the limit is 10$/);
  });

  it('holds a file that grows meanwhile to the limit', async () => {
    await writeFile(at('growing'), Buffer.alloc(900_000));
    const grows = Promise.all(Array.from({ length: 50 }, () => appendFile(at('growing'), Buffer.alloc(10_000))));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => refusal(at('growing'), 1_000_000)));
    await grows;
    expect(await refusal(at('growing'), 1_000_000)).to.match(/^too-large/);
    for (const outcome of outcomes) expect(outcome).to.match(/^it was read$|^too-large/);
  });
});
