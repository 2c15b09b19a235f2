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

describe('an example and the template of its language', () => {
  for (const [example, template] of [
    ['redact/component.c', 'c/component.c'],
    ['redact/component.h', 'c/component.h'],
    ['timestamps/component.go', 'go/component.go'],
  ] as const) {
    it(`have the same contract in ${template}`, async () => {
      const ours = await readFile(new URL(`../../examples/plugins/${example}`, import.meta.url), 'utf8');
      const theirs = await readFile(new URL(`../../templates/${template}`, import.meta.url), 'utf8');
      // Each folder has to stand alone, to be copied; a change is a change of both.
      expect(ours === theirs, example).to.equal(true);
    });
  }
});
