import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { expect } from 'chai';
import { JCO_VERSION } from '../../src/jco/version.ts';

describe('the version of jco', () => {
  it('is that of the package that is bundled', async () => {
    const manifest = await readFile(findPackageJSON('@bytecodealliance/jco-transpile', import.meta.url)!, 'utf8');
    expect(JCO_VERSION).to.equal((JSON.parse(manifest) as { version: string }).version);
  });
});
