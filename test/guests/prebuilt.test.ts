import { readdir, readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { createLock, folderOf, PREBUILT, type PrebuiltLock } from '../../examples/plugins/prebuilt.ts';

for (const name of PREBUILT) {
  describe(`${name}.wasm and its sources`, () => {
    let locked: PrebuiltLock;
    let actual: PrebuiltLock;

    before(async () => {
      locked = JSON.parse(await readFile(new URL('guest.lock.json', folderOf(name)), 'utf8'));
      actual = await createLock(name, locked.tools.compiler ?? '');
    });

    it(`are those that were built together: after a change, run \`sh examples/plugins/${name}/build.sh\``, () => {
      expect(actual.inputs).to.deep.equal(locked.inputs);
      expect(actual.output).to.equal(locked.output);
    });

    it('are locked with every source, the build script and the contract', async () => {
      const files = await readdir(folderOf(name), { recursive: true });
      const sources = files.filter((file) => /\.(rs|go)$/.test(file) && !file.startsWith('target'));
      expect(sources.length).to.be.greaterThan(2);
      expect(Object.keys(locked.inputs)).to.include.members([...sources, 'build.sh', '../../../wit/plugin-system.wit']);
    });

    it('are locked with the compiler', () => {
      expect(locked.tools.compiler).to.match(/^(rustc 1\.\d+\.\d+|go1\.\d+)/);
    });
  });
}
