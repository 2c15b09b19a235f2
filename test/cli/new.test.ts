import { access, constants, mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { Failure } from '../../src/cli/failure.ts';
import { LANGUAGES } from '../../src/cli/languages.ts';
import { installedFrom } from '../../src/cli/new/installed-from.ts';
import { createProject } from '../../src/cli/new/project.ts';
import { Workplace } from './cli.ts';
import { makesProjectsThatBuild } from './new-projects.ts';

describe('wasm-plugin-pool new', () => {
  const workplace = new Workplace();

  for (const language of LANGUAGES) {
    it(`makes a project in ${language} with the contract, a readme and no trace of the template's name`, async () => {
      const { status, stdout } = await workplace.run(['new', `a-${language}`, '--language', language, '--json']);
      expect(status).to.equal(0);
      const { name, files } = JSON.parse(stdout);
      expect(name).to.equal(`a-${language}`);
      expect(files).to.include.members(['.gitignore', 'README.md', 'wit/plugin-system.wit']);
      const project = workplace.path(`a-${language}`);
      expect((await readdir(project, { recursive: true })).sort()).to.include.members(files);
      for (const file of files) {
        expect(await readFile(`${project}/${file}`, 'utf8'), file).not.to.match(/my[-_]plugin/);
      }
      expect(await readFile(`${project}/wit/plugin-system.wit`, 'utf8')).to.equal(
        await readFile(new URL('../../wit/plugin-system.wit', import.meta.url), 'utf8'),
      );
    });
  }

  it('makes scripts that can be run', async function () {
    if (process.platform === 'win32') this.skip();
    await workplace.run(['new', 'with-scripts', '--language', 'c']);
    for (const script of ['build.sh', 'test.sh']) {
      await access(workplace.path(`with-scripts/${script}`), constants.X_OK);
    }
  });

  it('asks npm for this package as it was asked for when it was installed', async () => {
    const written = async (dependencies: object | undefined, name: string): Promise<string> => {
      const user = workplace.path(name);
      await mkdir(`${user}/node_modules/wasm-plugin-pool`, { recursive: true });
      if (dependencies !== undefined) await writeFile(`${user}/package.json`, JSON.stringify(dependencies));
      return installedFrom(`${user}/plugins/slug`, `${user}/node_modules/wasm-plugin-pool/`);
    };
    const spec = (text: string) => ({ dependencies: { 'wasm-plugin-pool': text } });
    expect(await written(spec('^0.1.0'), 'from-registry')).to.equal('^0.1.0');
    expect(await written({ devDependencies: spec('~0.1.2').dependencies }, 'from-dev')).to.equal('~0.1.2');
    expect(await written(spec('file:pack/pool.tgz'), 'from-archive')).to.equal('file:../../pack/pool.tgz');
    // Nobody says where it is from: the folder itself.
    expect(await written(undefined, 'by-hand')).to.equal('file:../../node_modules/wasm-plugin-pool');
    await workplace.run(['new', 'from-clone', '--language', 'javascript']);
    const manifest = JSON.parse(await readFile(workplace.path('from-clone/package.json'), 'utf8'));
    const [, path] = manifest.devDependencies['wasm-plugin-pool'].split('file:');
    expect(await realpath(workplace.path(`from-clone/${path}`))).to.equal(
      await realpath(new URL('../..', import.meta.url)),
    );
  });

  makesProjectsThatBuild(workplace, ['javascript']);

  it('overwrites nothing', async () => {
    await mkdir(workplace.path('mine'));
    await writeFile(workplace.path('mine/plugin.c'), 'mine');
    const { status, stderr } = await workplace.run(['new', 'mine', '--language', 'c']);
    expect(status).to.equal(2);
    expect(stderr).to.equal('error: `mine` is there already, and nothing in it is overwritten: give another folder.\n');
    expect(await readdir(workplace.path('mine'))).to.deep.equal(['plugin.c']);
    expect(await readFile(workplace.path('mine/plugin.c'), 'utf8')).to.equal('mine');
  });

  it('takes a folder that is there and empty', async () => {
    await mkdir(workplace.path('empty'));
    expect((await workplace.run(['new', 'empty', '--language', 'c'])).status).to.equal(0);
    expect(await readdir(workplace.path('empty'))).to.include('plugin.c');
  });

  it('refuses a name that not every language takes', async () => {
    for (const name of ['Upper', '1st', 'under_score', 'two--dashes', 'end-', 'x'.repeat(65), '$(reboot)', 'a b']) {
      const failure = await createProject(workplace.path(`names/${name}`), 'c').catch((error: unknown) => error);
      expect(failure, name).to.be.instanceOf(Failure);
      expect((failure as Failure).status).to.equal(2);
    }
    expect(await readdir(workplace.directory)).not.to.include('names');
  });

  it('wants a language that it knows', async () => {
    const { status, stderr } = await workplace.run(['new', 'cobol-plugin', '--language', 'cobol']);
    expect(status).to.equal(2);
    expect(stderr).to.include('rust, go, c, javascript, typescript, assemblyscript, python');
  });
});
