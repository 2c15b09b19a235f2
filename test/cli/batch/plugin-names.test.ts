import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { namePlugins } from '../../../src/cli/batch/plugin-names.ts';

describe('the names of the plugins of a batch', () => {
  let folder = '';
  const at = (name: string): string => join(folder, name);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-names-'));
    for (const name of ['a', 'b', 'c']) {
      await mkdir(at(name));
      await writeFile(at(`${name}/plugin.wasm`), '');
    }
    await symlink('../a/plugin.wasm', at('b/link.wasm'));
  });
  after(() => rm(folder, { recursive: true }));

  it('are those of their files', async () => {
    expect(await namePlugins(at('a/plugin.wasm'), [['x', at('b/plugin.wasm')]], [])).to.deep.equal({
      main: 'plugin',
      chain: [],
      paths: new Map([
        ['plugin', at('a/plugin.wasm')],
        ['x', at('b/plugin.wasm')],
      ]),
    });
  });

  it('are others where other files are called alike', async () => {
    const then = ['b', 'c', 'a', 'b'].map((name) => at(`${name}/plugin.wasm`));
    const { chain, paths } = await namePlugins(at('a/plugin.wasm'), [], then);
    expect(chain).to.deep.equal(['plugin-2', 'plugin-3', 'plugin', 'plugin-2']);
    expect([...paths.values()]).to.deep.equal(['a', 'b', 'c'].map((name) => at(`${name}/plugin.wasm`)));
  });

  it('are the same for one file by two names', async () => {
    const { chain } = await namePlugins(at('a/plugin.wasm'), [], [at('b/link.wasm')]);
    expect(chain).to.deep.equal(['plugin']);
  });

  it('stand for one file each', async () => {
    const [a, b] = [at('a/plugin.wasm'), at('b/plugin.wasm')];
    const cases: readonly Parameters<typeof namePlugins>[] = [
      [a, [['plugin', b]], []],
      [
        a,
        [
          ['x', a],
          ['x', b],
        ],
        [],
      ],
    ];
    for (const given of cases) {
      const error = await namePlugins(...given).catch((thrown: unknown) => thrown);
      expect(error).to.include({ name: 'Failure', status: 2 });
    }
    expect((await namePlugins(a, [['plugin', a]], [])).paths.size).to.equal(1);
  });
});
