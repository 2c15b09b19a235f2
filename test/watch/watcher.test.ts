import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, realpath, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { LoadOptions } from '../../src/registry/plugin-version.ts';
import type { WatchOptions } from '../../src/watch/watcher.ts';
import { echo, lifecycle, misfits, worlds } from '../fixtures/guests.ts';
import { twofold } from '../fixtures/suppliers.ts';
import { closeEngines, collect, createEngine, nextEvent } from '../support/engine.ts';
import { outcome, rejection } from '../support/outcome.ts';

/** Short, so that the tests are; no test depends on them. */
const QUICK: WatchOptions = { settleMs: 20, pollMs: 50 };

describe('engine.watch', function () {
  this.timeout(60_000);
  let directory: string;
  let engine: PluginEngine;

  beforeEach(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), 'watch-')));
    engine = await createEngine({ threads: 1 });
  });
  afterEach(async () => {
    await closeEngines();
    await rm(directory, { recursive: true, force: true });
  });

  const at = (...names: string[]): string => join(directory, ...names);
  const loaded = (): string[] => engine.listPlugins().map(({ name }) => name);
  const answer = async (name = 'plugin', input = 'x'): Promise<string> =>
    (await engine.process(name, { input })).output;
  const options = (prefix: string, more: LoadOptions = {}): string => JSON.stringify({ config: { prefix }, ...more });

  /** As editors and deployments do it: the file is there as a whole, or not at all. */
  async function replace(path: string, contents: string | Uint8Array): Promise<void> {
    await writeFile(`${path}.tmp`, contents);
    await rename(`${path}.tmp`, path);
  }

  /** What a change of a file leads to. */
  async function upon(event: 'plugin:loaded' | 'plugin:reloaded' | 'plugin:unloaded', change: () => Promise<unknown>) {
    const [[info]] = await Promise.all([nextEvent(engine, event), change()]);
    return info;
  }

  async function failure(change: () => Promise<unknown>): Promise<string> {
    const [[name, error]] = await Promise.all([nextEvent(engine, 'plugin:reload-failed'), change()]);
    return `${name} ${error.code}`;
  }

  it('has an option file name the modules that supply imports, as seen from where it lies', async () => {
    await writeFile(at('shop.mjs'), 'export const twice = (x) => 2 * x;');
    await writeFile(at('plugin.wasm'), await twofold());
    await writeFile(at('plugin.json'), JSON.stringify({ imports: { 'acme:shop/api': './shop.mjs' }, group: 'acme' }));
    await writeFile(at('wrong.wasm'), await twofold());
    await writeFile(at('wrong.json'), JSON.stringify({ imports: { 'acme:shop/api': {} } }));
    const failed = nextEvent(engine, 'plugin:reload-failed');
    const watcher = await engine.watch(directory, QUICK);
    await watcher.ready;
    expect(await answer('plugin', 'four')).to.equal('8');
    const [name, error] = await failed;
    expect([name, error.code]).to.deep.equal(['wrong', 'ERR_INVALID_ARGUMENT']);
    expect(error.message).to.include('imports[acme:shop/api]');
  });

  it('loads what is there, with the options of its file, and reloads both', async () => {
    await writeFile(at('plugin.wasm'), await echo());
    await writeFile(at('plugin.json'), options('1:', { version: 'one', sandbox: { maxHostCalls: 7 } }));
    await writeFile(at('other.wasm'), await echo());
    await writeFile(at('notes.txt'), 'no plugin');
    await mkdir(at('folder.wasm'));
    const watcher = await engine.watch(directory, { ...QUICK, config: { prefix: 'default:' } });
    await watcher.ready;
    expect(watcher.directory).to.equal(directory);
    expect(loaded().toSorted()).to.deep.equal(['other', 'plugin']);
    const info = engine.listPlugins().find(({ name }) => name === 'plugin')!;
    expect([info.version, info.policy.maxHostCalls]).to.deep.equal(['one', 7]);
    expect([await answer(), await answer('other')]).to.deep.equal(['1:x', 'default:x']);

    await upon('plugin:reloaded', () => replace(at('plugin.json'), options('2:')));
    expect(await answer()).to.equal('2:x');
    await upon('plugin:reloaded', () => unlink(at('plugin.json')));
    expect(await answer()).to.equal('default:x');
    const { world } = await upon('plugin:reloaded', async () => replace(at('plugin.wasm'), await worlds.pluginV1()));
    expect(world).to.equal('plugin-v1');
  });

  it('loads what appears and unloads what goes', async () => {
    const watcher = await engine.watch(directory, QUICK);
    await watcher.ready;
    expect(loaded()).to.deep.equal([]);
    await upon('plugin:loaded', async () => replace(at('plugin.wasm'), await echo()));
    expect(await answer()).to.equal('x');
    const running = engine.process('plugin', { input: 'burn 20' });
    await upon('plugin:unloaded', () => unlink(at('plugin.wasm')));
    // Drained: what had begun was finished.
    expect((await running).output).to.equal('burnt');
    expect(await outcome(engine.process('plugin', { input: 'x' }))).to.equal('ERR_PLUGIN_NOT_FOUND');
    await upon('plugin:loaded', async () => replace(at('plugin.wasm'), await echo()));
    expect(await answer()).to.equal('x');
  });

  const broken = [
    ['garbage', misfits.garbage, 'ERR_NOT_A_COMPONENT'],
    ['half a component', misfits.truncated, 'ERR_INVALID_COMPONENT'],
    ['nothing', misfits.empty, 'ERR_INVALID_ARGUMENT'],
    ['what does not start', lifecycle.initializeTraps, 'ERR_INITIALIZE_FAILED'],
  ] as const;
  for (const [what, guest, code] of broken) {
    it(`leaves the old version in place when the file holds ${what}, and tries again when it changes`, async () => {
      await writeFile(at('plugin.wasm'), await echo());
      await (await engine.watch(directory, QUICK)).ready;
      const bytes = await guest();
      expect(await failure(() => replace(at('plugin.wasm'), bytes))).to.equal(`plugin ${code}`);
      expect(await answer()).to.equal('x');
      await upon('plugin:reloaded', async () => {
        await replace(at('plugin.json'), options('new:'));
        await replace(at('plugin.wasm'), await echo());
      });
      expect(await answer()).to.equal('new:x');
    });
  }

  it('says what is wrong with an option file, and with a first version', async () => {
    await writeFile(at('plugin.wasm'), await echo());
    await writeFile(at('plugin.json'), '{"sandbox": {"maxMemory": 1}}');
    await writeFile(at('broken.wasm'), await misfits.garbage());
    const failures = collectFailures();
    await (await engine.watch(directory, QUICK)).ready;
    expect(loaded()).to.deep.equal([]);
    expect([...failures.keys()].toSorted()).to.deep.equal(['broken', 'plugin']);
    expect(failures.get('plugin')).to.match(/plugin\.json` is not valid: `sandbox` has no option `maxMemory`$/);
    for (const text of [
      '{',
      '[]',
      '{"grant": "all"}',
      '{"config": {"a": 1}}',
      '{"version": ""}',
      '{"sandbox": "root"}',
    ]) {
      expect(await failure(() => replace(at('plugin.json'), text)), text).to.equal('plugin ERR_INVALID_ARGUMENT');
    }
    await upon('plugin:loaded', () => replace(at('plugin.json'), '{}'));
    expect(await answer()).to.equal('x');
  });

  const unusable: readonly (readonly [what: string, make: (path: string) => Promise<unknown> | unknown])[] = [
    ['a named pipe', (path) => execFileSync('mkfifo', [path])],
    ['a directory', (path) => mkdir(path)],
    ['a link that leads nowhere', (path) => symlink('nowhere', path)],
    ['a link to itself', (path) => symlink('plugin.json', path)],
    ['a link to what never ends', (path) => symlink('/dev/zero', path)],
    ['a link below a file', (path) => symlink('plugin.wasm/policy', path)],
    ['larger than any', (path) => writeFile(path, `{}${' '.repeat(2 ** 20)}`)],
  ];
  for (const [what, make] of unusable) {
    it(`never loads a plugin without its option file, which is ${what}`, async () => {
      await writeFile(at('plugin.wasm'), await echo());
      await make(at('plugin.json'));
      const failures = collectFailures();
      await (await engine.watch(directory, { ...QUICK, sandbox: 'standard' })).ready;
      expect(loaded()).to.deep.equal([]);
      expect(failures.get('plugin')).to.match(/^Cannot read the options `.*plugin\.json`: /);
      await upon('plugin:loaded', async () => {
        await rm(at('plugin.json'), { recursive: true });
        await writeFile(at('plugin.json'), '{"sandbox": "restricted"}');
      });
      expect(engine.listPlugins()[0]?.policy.allowFsRead).to.deep.equal([]);
      // Nor is one that serves given other rights.
      expect(
        await failure(async () => {
          await unlink(at('plugin.json'));
          await make(at('plugin.json'));
        }),
      ).to.equal('plugin ERR_INVALID_ARGUMENT');
      expect(engine.listPlugins()[0]?.policy.allowFsRead).to.deep.equal([]);
    });
  }

  function collectFailures(): Map<string, string> {
    const failures = new Map<string, string>();
    engine.on('plugin:reload-failed', (name, { message }) => failures.set(name, message));
    return failures;
  }

  it('takes the options of a load, how a batch plugin is called among them', async () => {
    const watcher = await engine.watch(directory, { ...QUICK, batchCalls: { minSize: 2 } });
    await watcher.close();
    const error = await rejection(engine.watch(directory, { ...QUICK, batchCalls: { minSize: 0 } }));
    expect(error.message).to.include('minSize');
  });

  it('takes no options from files if it should not', async () => {
    await writeFile(at('plugin.wasm'), await echo());
    await writeFile(at('plugin.json'), options('1:', { sandbox: 'standard' }));
    await (await engine.watch(directory, { ...QUICK, optionFiles: 'ignore' })).ready;
    expect(await answer()).to.equal('x');
    expect(engine.listPlugins()[0]?.policy.allowFsRead).to.deep.equal([]);
  });

  it('ignores content that has not changed', async () => {
    await writeFile(at('plugin.wasm'), await echo());
    await writeFile(at('marker.wasm'), await echo());
    await (await engine.watch(directory, QUICK)).ready;
    const reloaded = collect(engine, 'plugin:reloaded');
    const { loadedAt } = engine.listPlugins().find(({ name }) => name === 'plugin')!;
    await utimes(at('plugin.wasm'), new Date(), new Date());
    await replace(at('plugin.wasm'), await echo());
    // Both are settled by the same looks, the marker later than the plugin.
    await upon('plugin:reloaded', () => replace(at('marker.json'), options('new:')));
    await upon('plugin:reloaded', () => replace(at('marker.json'), options('newer:')));
    expect(reloaded.map(({ name }) => name)).to.deep.equal(['marker', 'marker']);
    expect(engine.listPlugins().find(({ name }) => name === 'plugin')?.loadedAt).to.equal(loadedAt);
  });

  it('makes one reload of many writes', async () => {
    await writeFile(at('plugin.wasm'), await echo());
    await (await engine.watch(directory, { settleMs: 1000, pollMs: 50 })).ready;
    const reloaded = collect(engine, 'plugin:reloaded');
    const failures = collectFailures();
    await upon('plugin:reloaded', async () => {
      for (let n = 0; n < 100; n++) await writeFile(at('plugin.json'), options(`${n}:`));
    });
    expect(await answer()).to.equal('99:x');
    expect(reloaded.length).to.equal(1);
    expect(failures.size).to.equal(0);
  });

  it('tries a file again that was read half written', async () => {
    await writeFile(at('plugin.wasm'), await echo());
    await (await engine.watch(directory, QUICK)).ready;
    const bytes = await worlds.pluginV2();
    const middle = Math.floor(bytes.length / 2);
    expect(await failure(() => replace(at('plugin.wasm'), bytes.subarray(0, middle)))).to.equal(
      'plugin ERR_INVALID_COMPONENT',
    );
    expect(await answer()).to.equal('x');
    const { world } = await upon('plugin:reloaded', () => appendFile(at('plugin.wasm'), bytes.subarray(middle)));
    expect(world).to.equal('plugin-v2');
  });

  it('follows links to files, also where they lead elsewhere', async () => {
    await mkdir(at('store'));
    await writeFile(at('store', '1'), await echo());
    await writeFile(at('store', '2'), await worlds.pluginV1());
    await symlink(at('store', '1'), at('plugin.wasm'));
    await symlink(at('nowhere'), at('dangling.wasm'));
    await (await engine.watch(directory, QUICK)).ready;
    expect(loaded()).to.deep.equal(['plugin']);
    const first = await upon('plugin:reloaded', async () => {
      await symlink(at('store', '2'), at('link'));
      await rename(at('link'), at('plugin.wasm'));
    });
    expect(first.world).to.equal('plugin-v1');
    // The same link, and another file behind it.
    const second = await upon('plugin:reloaded', async () => replace(at('store', '2'), await echo()));
    expect(second.world).to.equal('plugin-world');
  });

  it('follows a link to a directory, as deployments switch it', async () => {
    for (const release of ['1', '2']) {
      await mkdir(at(release));
      await writeFile(at(release, 'plugin.wasm'), await echo());
      await writeFile(at(release, 'plugin.json'), options(`${release}:`));
    }
    await writeFile(at('1', 'old.wasm'), await echo());
    await symlink(at('1'), at('current'));
    await (await engine.watch(at('current'), QUICK)).ready;
    expect([await answer(), loaded().toSorted()]).to.deep.equal(['1:x', ['old', 'plugin']]);
    const unloaded = nextEvent(engine, 'plugin:unloaded');
    await upon('plugin:reloaded', async () => {
      await symlink(at('2'), at('link'));
      await rename(at('link'), at('current'));
    });
    await unloaded;
    expect([await answer(), loaded()]).to.deep.equal(['2:x', ['plugin']]);
    // Events come from the new directory.
    await upon('plugin:reloaded', () => replace(at('2', 'plugin.json'), options('3:')));
    expect(await answer()).to.equal('3:x');
  });

  it('keeps its plugins while the directory is gone, and looks again when it is back', async () => {
    await mkdir(at('plugins'));
    for (const name of ['plugin', 'other']) await writeFile(at('plugins', `${name}.wasm`), await echo());
    await (await engine.watch(at('plugins'), QUICK)).ready;
    const lost = nextEvent(engine, 'watcher:lost');
    await rename(at('plugins'), at('elsewhere'));
    expect((await lost)[0]).to.equal(at('plugins'));
    expect(await answer()).to.equal('x');
    const found = nextEvent(engine, 'watcher:found');
    const unloaded = nextEvent(engine, 'plugin:unloaded');
    await upon('plugin:reloaded', async () => {
      await mkdir(at('new'));
      await writeFile(at('new', 'plugin.wasm'), await echo());
      await writeFile(at('new', 'plugin.json'), options('back:'));
      await rename(at('new'), at('plugins'));
    });
    expect(await found).to.deep.equal([at('plugins')]);
    expect(await answer()).to.equal('back:x');
    expect((await unloaded)[0].name).to.equal('other');
  });

  it('does not let a version serve that fails its self-test', async () => {
    const selfTest = { input: 'ping', expect: { output: 'good:ping' } };
    await writeFile(at('plugin.wasm'), await echo());
    await writeFile(at('plugin.json'), options('good:'));
    await (await engine.watch(directory, { ...QUICK, selfTest })).ready;
    expect(await failure(() => replace(at('plugin.json'), options('bad:')))).to.equal('plugin ERR_CHECK_FAILED');
    expect(await answer()).to.equal('good:x');
    // Its own file may say what a plugin is tested with.
    const own = options('bad:', { selfTest: { input: 'fail', expect: { success: false } } });
    await upon('plugin:reloaded', () => replace(at('plugin.json'), own));
    expect(await answer()).to.equal('bad:x');
  });

  it('leaves the options alone of what was loaded before', async () => {
    await writeFile(at('plugin.wasm'), await worlds.pluginV1());
    await engine.loadPlugin('plugin', at('plugin.wasm'), { config: { prefix: 'mine:' } });
    const reloaded = collect(engine, 'plugin:reloaded');
    await (await engine.watch(directory, QUICK)).ready;
    expect(reloaded).to.deep.equal([]);
    await upon('plugin:reloaded', async () => replace(at('plugin.wasm'), await echo()));
    expect(await answer()).to.equal('mine:x');
  });

  it('stops when it is closed, and closes with the engine', async () => {
    await writeFile(at('plugin.wasm'), await echo());
    const first = await engine.watch(directory, QUICK);
    await first.ready;
    await first.close();
    const second = await engine.watch(directory, QUICK);
    await writeFile(at('later.wasm'), await echo());
    await second.ready;
    // One of the two was closed: what came later was loaded once, and failed never.
    expect(loaded().toSorted()).to.deep.equal(['later', 'plugin']);
    await engine.close();
    expect(await outcome(engine.watch(directory))).to.equal('ERR_ENGINE_CLOSED');
    await second[Symbol.asyncDispose]();
  });

  it('calls nothing a failure that the engine closed before it was loaded', async () => {
    const bytes = await echo();
    await Promise.all(Array.from({ length: 8 }, (_, n) => writeFile(at(`p${n}.wasm`), bytes)));
    const failed = collect(engine, 'plugin:reload-failed');
    const closed = new Promise<void>((resolve) => {
      // The first of them begins: the others are being read.
      engine.once('plugin:state', () => resolve(engine.close()));
    });
    const watcher = await engine.watch(directory, QUICK);
    await Promise.all([closed, watcher.ready]);
    expect(failed).to.deep.equal([]);
  });

  it('refuses what it cannot watch', async () => {
    await writeFile(at('file'), '');
    const refused: readonly (readonly [string, object, RegExp])[] = [
      [at('missing'), {}, /^Cannot watch `.*missing`: no such file or directory$/],
      [at('file'), {}, /it is no directory$/],
      ['', {}, /^Expected `directory` to be a string that is not empty/],
      [directory, { settle: 1 }, /has no option `settle`$/],
      [directory, { settleMs: 0 }, /^Expected `settleMs` to be a whole number from 1 to 60000/],
      [directory, { pollMs: 1 }, /^Expected `pollMs`/],
      [directory, { optionFiles: 'no' }, /^Expected `optionFiles` to be one of 'read', 'ignore'/],
      [directory, { sandbox: { maxMemory: 1 } }, /^`sandbox` has no option `maxMemory`$/],
      [directory, { selfTest: { expect: {} } }, /^Expected `request` to be/],
      [directory, { config: { a: 1 } }, /^Expected `config.a` to be a string/],
    ];
    for (const [path, given, message] of refused) {
      const error = await rejection(engine.watch(path, given));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.match(message);
    }
  });
});
