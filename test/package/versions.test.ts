import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { OLDEST_NODE, unsupportedNode } from '../../src/package/node-version.ts';
import { VERSION } from '../../src/package/version.ts';

const readManifest = async (): Promise<{ version: string; engines: { node: string } }> =>
  JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));

describe('the version of the package', () => {
  it('is that of package.json', async () => {
    expect((await readManifest()).version).to.equal(VERSION);
  });
});

describe('the version of Node', () => {
  it('that is the oldest is that of package.json', async () => {
    expect((await readManifest()).engines.node).to.equal(`>=${OLDEST_NODE}`);
  });

  it('is refused where it is older, in one line', () => {
    for (const version of ['18.20.8', '20.20.2', '22.0.0', '22.18.9']) {
      expect(unsupportedNode(version)).to.equal(
        `wasm-plugin-pool needs Node ${OLDEST_NODE} or later, and this is Node ${version}`,
      );
    }
    for (const version of ['22.19.0', '22.20.1', '24.0.0', '26.10.0', '27.0.0-nightly']) {
      expect(unsupportedNode(version)).to.equal(undefined);
    }
  });
});
