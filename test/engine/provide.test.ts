import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type PluginEngine, PluginError, suppliers } from '../../src/index.ts';
import { configured, twofold } from '../fixtures/suppliers.ts';
import { BINDING, closeEngines, collect, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

const SHOP = new URL('../host/imports/fixtures/shop.ts', import.meta.url);
const API = 'acme:shop/api@1.0.0';

describe('engine.provide', () => {
  before(function () {
    if (BINDING === 'glue') this.skip();
  });

  let engine: PluginEngine;
  beforeEach(async () => {
    engine = await createEngine({ threads: 1 });
  });
  afterEach(closeEngines);

  const answer = async (name: string): Promise<string> => (await engine.process(name, { input: 'four' })).output;

  it('supplies an interface to every plugin that is loaded afterwards, and getPlugin shows by whom', async () => {
    engine.provide(API, SHOP);
    await engine.loadPlugin('one', await twofold());
    await engine.loadPlugin('two', await twofold());
    expect([await answer('one'), await answer('two')]).to.deep.equal(['8', '8']);
    expect(engine.getPlugin('one')?.stable?.imports).to.deep.equal([
      { name: API, from: 'module', module: String(SHOP) },
    ]);
  });

  it('supplies it to the plugins that are named, and to no others', async () => {
    engine.provide('acme:shop/api', fileURLToPath(SHOP), { plugins: ['one'] });
    await engine.loadPlugin('one', await twofold());
    const error = await rejection(engine.loadPlugin('two', await twofold()));
    expect([await answer('one'), error.code]).to.deep.equal(['8', 'ERR_UNKNOWN_IMPORT']);
  });

  it('comes after what the load of a plugin supplies, also when it has the newer version', async () => {
    engine.provide('acme:shop/api@1.2.0', { twice: () => 1 });
    await engine.loadPlugin('own', await twofold(), { imports: { [API]: SHOP } });
    await engine.loadPlugin('shared', await twofold());
    expect([await answer('own'), await answer('shared')]).to.deep.equal(['8', '1']);
    expect(engine.getPlugin('shared')?.stable?.imports).to.deep.equal([{ name: API, from: 'functions' }]);
  });

  it('replaces what it provided, for the next load or reload', async () => {
    engine.provide(API, { twice: () => 1 });
    await engine.loadPlugin('plugin', await twofold());
    engine.provide(API, { twice: () => 2 });
    expect(await answer('plugin')).to.equal('1');
    await engine.reloadPlugin('plugin');
    expect(await answer('plugin')).to.equal('2');
  });

  const wrong: [what: string, provide: () => void, message: RegExp][] = [
    ['no name', () => engine.provide('', SHOP), /`interface`/],
    ['a number', () => engine.provide(API, 7 as never), /imports\[acme:shop\/api@1\.0\.0\]/],
    ['names that are no list', () => engine.provide(API, SHOP, { plugins: 'one' as never }), /`options\.plugins`/],
    ['an option that does not exist', () => engine.provide(API, SHOP, { plugin: ['one'] } as never), /`plugin`/],
  ];
  for (const [what, provide, message] of wrong) {
    it(`refuses ${what}`, () => {
      expect(provide).to.throw(PluginError, message).with.property('code', 'ERR_INVALID_ARGUMENT');
    });
  }

  it('is refused by an engine that is closed', async () => {
    await engine.close();
    expect(() => engine.provide(API, SHOP))
      .to.throw(PluginError)
      .with.property('code', 'ERR_ENGINE_CLOSED');
  });
});

describe('suppliers', () => {
  before(function () {
    if (BINDING === 'glue') this.skip();
  });

  afterEach(closeEngines);

  it('have the configuration of a plugin, and log in its name', async () => {
    const engine = await createEngine({ threads: 1 });
    const logs = collect(engine, 'plugin:log');
    engine.provide('wasi:config/store', suppliers.wasiConfig);
    engine.provide('wasi:logging/logging', suppliers.wasiLogging);
    await engine.loadPlugin('plugin', await configured(), { world: 'any', config: { colour: 'red' } });
    expect(await engine.call('plugin', 'look', ['colour'])).to.equal('red');
    expect(await engine.call('plugin', 'look', ['toString'])).to.equal('none');
    expect(logs.map(({ level, message }) => [level, message])).to.deep.equal([
      ['error', 'keys: colour'],
      ['error', 'keys: toString'],
    ]);
  });

  it('are named to who has not granted them', async () => {
    const engine = await createEngine({ threads: 1 });
    const error = await rejection(engine.loadPlugin('plugin', await configured(), { world: 'any' }));
    expect([error.code, error.hint]).to.deep.equal([
      'ERR_UNKNOWN_IMPORT',
      "Grant it: `imports: { 'wasi:config/store': suppliers.wasiConfig }`.",
    ]);
  });
});
