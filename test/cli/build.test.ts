import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { Workplace } from './cli.ts';
import { installPackages } from './projects.ts';

const PLUGIN = (body: string) => `import { definePlugin, Refusal } from 'wasm-plugin-pool/plugin';
import { shout } from './shout.ts';

export const pluginApi = definePlugin({
  name: 'p', version: '1.0.0', description: '',
  process({ input }) {
    ${body}
    return shout(input);
  },
});
void Refusal;
`;

describe('wasm-plugin-pool build', function () {
  this.timeout(120_000);
  const workplace = new Workplace();

  const project = async (name: string, body: string): Promise<string> => {
    const folder = workplace.path(name);
    await mkdir(`${folder}/src`, { recursive: true });
    await writeFile(`${folder}/src/plugin.ts`, PLUGIN(body));
    await writeFile(`${folder}/src/shout.ts`, 'export const shout = (text: string): string => text.toUpperCase();\n');
    await installPackages(folder, ['componentize-qjs']);
    return folder;
  };

  it('logs the stack of an error with the lines of the TypeScript', async () => {
    await project('stack', `if (input === 'throw') throw new Error('on purpose');`);
    await workplace.run(['build', 'stack', '--out', 'stack.wasm']);
    const { status, stderr } = await workplace.run(['run', 'stack.wasm', '--input', 'throw']);
    expect(status).to.equal(1);
    expect(stderr).to.include('on purpose').and.include('/build/src/plugin.ts:7:');
  });

  it('logs the stack of an error with the lines of the JavaScript', async () => {
    await workplace.run(['new', 'in-js', '--language', 'javascript']);
    const file = workplace.path('in-js/src/slug.js');
    await writeFile(
      file,
      (await readFile(file, 'utf8')).replace(/^export function slug.*$/m, "$&\n  throw new Error('bug');"),
    );
    await installPackages(workplace.path('in-js'), ['componentize-qjs']);
    const thrownAt = (await readFile(file, 'utf8')).split('\n').findIndex((line) => line.includes("Error('bug')")) + 1;
    expect((await workplace.run(['build', 'in-js'])).status).to.equal(0);
    const { status, stderr } = await workplace.run(['run', 'in-js/build/in-js.wasm', '--input', 'x']);
    expect(status).to.equal(1);
    expect(stderr)
      .to.include(`slug (/build/src/slug.js:${thrownAt}:`)
      .and.match(/process \(\/build\/src\/plugin\.js:\d+:/);
  });

  it('names the functions of a trap in AssemblyScript', async () => {
    await workplace.run(['new', 'as-trap', '--language', 'assemblyscript']);
    const file = workplace.path('as-trap/assembly/slug.ts');
    const source = await readFile(file, 'utf8');
    await writeFile(file, source.replace(/^export function slug.*$/m, '$&\n  if (title == "trap") unreachable();'));
    await installPackages(workplace.path('as-trap'), ['assemblyscript']);
    expect((await workplace.run(['build', 'as-trap'])).stderr).to.equal('');
    const { status, stderr } = await workplace.run(['run', 'as-trap/build/as-trap.wasm', '--input', 'trap']);
    expect(status).to.equal(1);
    expect(stderr)
      .to.match(/trapped: unreachable\..*\(ERR_TRAP\)$/m)
      .and.match(/^ +at slug\/slug \(wasm-function.*\n +at plugin\/process \(/m);
  });

  it('says where a source does not build, and ends with 1', async () => {
    await project('enums', 'enum Colour { Red } void Colour.Red;');
    const { status, stdout, stderr } = await workplace.run(['build', 'enums']);
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
    expect(stderr)
      .to.match(/enums\/src\/plugin\.ts: .*enum/)
      .and.match(/error: The plugin does not build\.\n$/);
  });

  it('builds again when a source changes, and goes on after a build that failed', async () => {
    const folder = await project('watched', '');
    const child = workplace.start(['build', 'watched', '--watch', '--json']);
    const lines = createInterface({ input: child.stdout });
    const complaints = createInterface({ input: child.stderr });
    const built = async () => JSON.parse((await once(lines, 'line'))[0]);
    expect(await built()).to.include({ language: 'typescript', file: 'watched/build/watched.wasm' });
    const failed = new Promise<void>((resolve) => {
      complaints.on('line', (line: string) => line.includes('does not build') && resolve());
    });
    await writeFile(`${folder}/src/shout.ts`, 'export const shout = (;\n');
    await failed;
    const mended = built();
    await writeFile(`${folder}/src/shout.ts`, "export const shout = (text: string): string => text + '!';\n");
    await mended;
    child.kill('SIGINT');
    const [status] = await once(child, 'exit');
    expect(status).to.equal(0);
    const { stdout } = await workplace.run(['run', 'watched/build/watched.wasm', '--input', 'a']);
    expect(stdout).to.equal('a!\n');
  });

  it('says how to build what it cannot, and what is missing', async () => {
    await workplace.run(['new', 'in-rust', '--language', 'rust']);
    const rust = await workplace.run(['build', 'in-rust']);
    expect([rust.status, rust.stderr]).to.deep.equal([
      2,
      'error: `in-rust` is a plugin in Rust, which its own script builds: run `sh build.sh` there.\n',
    ]);
    await mkdir(workplace.path('nothing'));
    const nothing = await workplace.run(['build', 'nothing']);
    expect(nothing.status).to.equal(2);
    expect(nothing.stderr).to.include('found none of `assembly/plugin.ts`, `src/plugin.ts`, `src/plugin.js`');
  });

  it('shows what the AssemblyScript compiler says', async () => {
    await workplace.run(['new', 'in-as', '--language', 'assemblyscript']);
    const file = workplace.path('in-as/assembly/slug.ts');
    await writeFile(file, (await readFile(file, 'utf8')).replace('let inWord = false', 'let inWord: string = false'));
    const { status, stderr } = await workplace.run(['build', 'in-as']);
    expect(status).to.equal(1);
    expect(stderr).to.include('slug.ts').and.include("Type 'bool' is not assignable");
  });
});
