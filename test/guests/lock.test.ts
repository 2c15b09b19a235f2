import { readdir, readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { createLock, type GuestLock, lockFile } from '../../examples/plugins/redact/lock.ts';

describe('redact.wasm and its sources', () => {
  let locked: GuestLock;
  let actual: GuestLock;

  before(async () => {
    locked = JSON.parse(await readFile(lockFile, 'utf8'));
    actual = await createLock(locked.tools.compiler ?? '');
  });

  it('are those that were built together: after a change, run `npm run guests -- --all`', () => {
    expect(actual.inputs).to.deep.equal(locked.inputs);
    expect(actual.output).to.equal(locked.output);
  });

  it('are locked with every C file, the build script and the contract', async () => {
    const files = await readdir(new URL('.', lockFile));
    const sources = files.filter((name) => name.endsWith('.c') || name.endsWith('.h'));
    expect(sources.length).to.be.greaterThan(4);
    expect(Object.keys(locked.inputs)).to.include.members([
      ...sources,
      'build.sh',
      '../componentize.ts',
      '../../../wit/plugin-system.wit',
    ]);
  });

  it('are locked with the compiler and the tools that made the component', () => {
    expect(locked.tools.compiler).to.match(/clang version 22\./);
    expect(locked.tools['jco-transpile']).to.match(/^\d+\.\d+\.\d+$/);
  });
});
