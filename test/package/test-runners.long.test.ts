import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { hostile } from '../fixtures/guests.ts';
import { type Application, makeApplication } from '../support/built-package.ts';

const run = promisify(execFile);
const REDACT = fileURLToPath(new URL('../../examples/plugins/redact/redact.wasm', import.meta.url));

/** The tests of an embedder, under the fake clock of the runner from the beginning to the end. */
const SUITE = `
const failure = async (promise) => {
  const { code } = await promise.then((answer) => ({ code: JSON.stringify(answer) }), (error) => error);
  return code;
};
describe('a host', () => {
  const folder = join(__dirname, 'watched');
  const options = { threads: 1, cacheDirectory: false };
  let engine;

  beforeAll(async () => {
    clock.useFakeTimers();
    await mkdir(folder, { recursive: true });
    engine = await PluginEngine.create(options);
    await engine.loadPlugin('redact', ${JSON.stringify(REDACT)});
    const sandbox = { cpuTimeLimitMs: 50 };
    await engine.loadPlugin('hostile', join(__dirname, 'hostile.wasm'), { sandbox, failurePolicy: {} });
  });
  afterAll(async () => {
    await engine.close();
    clock.useRealTimers();
  });

  it('gets answers', async () => {
    const request = { input: 'Write to ada@example.org', options: new Map([['a', 'b']]) };
    expect((await engine.process('redact', request)).output).toBe('Write to ***@*******.***');
  });
  it('keeps its limits', async () => {
    expect(await failure(engine.process('hostile', { input: 'spin' }))).toBe('ERR_CPU_TIME_LIMIT');
    expect(await failure(engine.process('hostile', { input: 'spin' }, { deadlineMs: 20 }))).toBe('ERR_DEADLINE');
  });
  it('is told to stop by a signal', async () => {
    const controller = new AbortController();
    const cut = failure(engine.process('hostile', { input: 'spin' }, { signal: controller.signal }));
    controller.abort();
    expect(await cut).toBe('ERR_ABORTED');
  });
  it('tells what is wrong by codes', async () => {
    expect(await failure(engine.process('redact', { input: 5 }))).toBe('ERR_INVALID_ARGUMENT');
    expect(await failure(engine.process('nobody', { input: '' }))).toBe('ERR_PLUGIN_NOT_FOUND');
    expect(await failure(engine.loadPlugin('x', new Uint8Array(9)))).toBe('ERR_NOT_A_COMPONENT');
    expect(await failure(engine.loadPlugin('x', join(folder, 'x.wasm')))).toBe('ERR_INVALID_ARGUMENT');
    await engine.process('nobody', { input: '' }).catch((error) => expect(error).toBeInstanceOf(PluginError));
  });
  it('loads what comes into a directory', async () => {
    const loaded = new Promise((resolve) => engine.once('plugin:loaded', resolve));
    await engine.watch(folder);
    await copyFile(${JSON.stringify(REDACT)}, join(folder, 'watched.wasm'));
    expect((await loaded).name).toBe('watched');
  });
  it('has processes of its own', async () => {
    const other = await PluginEngine.create({ ...options, isolation: 'process' });
    await other.loadPlugin('redact', ${JSON.stringify(REDACT)});
    expect((await other.process('redact', { input: 'a@b.cd' })).output).toBe('*@*.**');
    await other.close();
  });
  it('plays back what it has recorded', async () => {
    const answers = join(__dirname, 'answers.json');
    const engine = recordAnswers(await PluginEngine.create(options), answers);
    expect(await failure(engine.process('nobody', { input: '' }))).toBe('ERR_PLUGIN_NOT_FOUND');
    await engine.close();
    expect(await failure((await replayAnswers(answers)).process('nobody', { input: '' }))).toBe('ERR_PLUGIN_NOT_FOUND');
  });
  it('asks a plugin alone', async () => {
    const host = await FakeHost.start(${JSON.stringify(REDACT)});
    expect((await host.process('a@b.cd')).output).toBe('*@*.**');
    await host.close();
  });
});
`;
const NAMES = {
  'node:fs/promises': '{ copyFile, mkdir }',
  'node:path': '{ join }',
  'wasm-plugin-pool': '{ PluginEngine, PluginError }',
  'wasm-plugin-pool/testing': '{ FakeHost, recordAnswers, replayAnswers }',
};
const TESTS = 8;

const IMPORTS = Object.entries(NAMES)
  .map(([from, names]) => `import ${names} from '${from}';\n`)
  .join('');
const REQUIRES = Object.entries(NAMES)
  .map(([from, names]) => `const ${names} = require('${from}');\n`)
  .join('');

/** Jest loads modules by `require` where Node can tell it that there is nothing to wait for. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const REQUIRES_MODULES = major > 24 || (major === 24 && minor >= 9);

const jest = (name: string, file: string, head: string): Runner => ({
  name: `Jest, ${name}`,
  file,
  head,
  args: [
    '--experimental-vm-modules',
    'jest/bin/jest.js',
    '--config',
    JSON.stringify({ testMatch: [`**/${file}`], transform: {}, testTimeout: 60_000 }),
  ],
});

/** How a runner is started; paths are those in `node_modules`. */
interface Runner {
  readonly name: string;
  readonly file: string;
  /** What stands before the suite. */
  readonly head: string;
  readonly args: readonly string[];
}

const RUNNERS: readonly Runner[] = [
  jest('by import', 'suite.test.mjs', `${IMPORTS}const clock = import.meta.jest, __dirname = import.meta.dirname;\n`),
  ...(REQUIRES_MODULES ? [jest('by require', 'suite.test.cjs', `${REQUIRES}const clock = jest;\n`)] : []),
  {
    name: 'Vitest',
    file: 'suite.test.mjs',
    head: `${IMPORTS}const clock = vi, __dirname = import.meta.dirname;\n`,
    args: ['vitest/vitest.mjs', 'run', '--globals', '--testTimeout', '60000', '--hookTimeout', '60000'],
  },
];

describe('the package in the tests of an embedder', function () {
  this.timeout(600_000);
  let app: Application;
  let modules: string;

  before(async () => {
    app = await makeApplication();
    const above = join(app.folder, '..');
    modules = join(above, 'node_modules');
    const install = ['install', '--prefix', above, '--no-package-lock', '--no-audit', '--no-fund', 'jest', 'vitest'];
    // Once more where it hangs: npm was seen to wait for ever with no connection open.
    await run('npm', install, { timeout: 200_000 }).catch(() => run('npm', install, { timeout: 200_000 }));
  });
  after(() => app.remove());

  for (const [number, { name, file, head, args }] of RUNNERS.entries()) {
    it(`of ${name} does under a fake clock what it does elsewhere`, async () => {
      const folder = join(app.folder, `runner-${number}`);
      await mkdir(folder);
      await writeFile(join(folder, 'package.json'), '{}');
      await writeFile(join(folder, 'hostile.wasm'), await hostile());
      await writeFile(join(folder, file), head + SUITE);
      const path = args.map((arg) => (/^(jest|vitest)\//.test(arg) ? join(modules, arg) : arg));
      const env = { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1' };
      const { stdout, stderr } = await run(process.execPath, path, { cwd: folder, env });
      expect(`${stdout}${stderr}`).to.match(new RegExp(`Tests:? +${TESTS} passed`));
    });
  }
});
