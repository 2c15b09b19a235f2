import fs from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { PluginEngine } from '../../src/engine.ts';
import { hostile } from '../fixtures/guests.ts';
import { outcome } from '../support/outcome.ts';

type Functions = Record<string, (...args: never[]) => unknown>;

describe('invariant 5: the main thread compiles nothing, reads nothing synchronously and blocks for nothing', function () {
  this.timeout(60_000);
  const calls: string[] = [];
  const restore: (() => void)[] = [];
  let directory: string;
  let path: string;

  /** Notes each call of a function that comes from the project's sources. */
  function forbid(owner: object, name: string): void {
    const functions = owner as Functions;
    const original = functions[name]!;
    const noted = function (this: unknown, ...args: never[]): unknown {
      const [caller, ...callers] = new Error('where').stack?.split('\n').slice(2) ?? [];
      // What Node does inside, when it loads a module for instance, is its own affair.
      if (!caller?.includes('node:') && [caller, ...callers].some((frame) => frame?.includes('/src/'))) {
        calls.push(`${name}${caller}`);
      }
      return new.target === undefined
        ? original.apply(this, args)
        : Reflect.construct(original, args, new.target === noted ? original : new.target);
    };
    Object.setPrototypeOf(noted, original);
    noted.prototype = original.prototype;
    functions[name] = noted as Functions[string];
    restore.push(() => {
      functions[name] = original;
    });
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-test-'));
    path = join(directory, 'plugin.wasm');
    await writeFile(path, await hostile());
    for (const name of ['Module', 'Instance', 'instantiate', 'validate']) forbid(WebAssembly, name);
    for (const [name, value] of Object.entries(fs)) {
      if (name.endsWith('Sync') && typeof value === 'function') forbid(fs, name);
    }
    forbid(Atomics, 'wait');
    syncBuiltinESMExports();
  });
  after(async () => {
    for (const undo of restore) undo();
    syncBuiltinESMExports();
    await rm(directory, { recursive: true });
  });

  it('from the first load to the end, with and without the cache', async () => {
    for (const expectation of ['compiles', 'reads its cache']) {
      const engine = await PluginEngine.create({ threads: 1, cacheDirectory: join(directory, 'cache') });
      await engine.loadPlugin('plugin', path, { sandbox: { cpuTimeLimitMs: 60 } });
      await Promise.all(Array.from({ length: 500 }, () => engine.process('plugin', { input: 'x' })));
      expect(await outcome(engine.process('plugin', { input: 'spin' }))).to.equal('ERR_CPU_TIME_LIMIT');
      expect(await outcome(engine.process('plugin', { input: 'unreachable' }))).to.equal('ERR_TRAP');
      expect((await engine.process('plugin', { input: 'output 2000000' })).output.length).to.equal(2_000_000);
      await engine.process('plugin', { input: 'flood-event 2000' });
      await engine.reloadPlugin('plugin');
      await engine.unloadPlugin('plugin');
      await engine.close();
      expect(calls, expectation).to.deep.equal([]);
    }
  });

  it('and this test would notice', () => {
    // As if this file were one of the project's: the stack is what is looked at.
    const source = `//# sourceURL=/src/example.ts\nreturn [new WebAssembly.Module(bytes), read('/dev/null')];`;
    const example = new Function('bytes', 'read', source);
    example(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), fs.readFileSync);
    expect(calls.map((call) => call.replace(/\s.*/s, ''))).to.deep.equal(['Module', 'readFileSync']);
    calls.length = 0;
  });
});
