import { expect } from 'chai';
import type { PluginLog } from '../../src/engine/events.ts';
import type { PluginEngine } from '../../src/engine.ts';
import { echo, hostile, lifecycle } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine } from '../support/engine.ts';
import { outcome, rejection } from '../support/outcome.ts';

/** Names that mean something to JavaScript, to a file system or to a terminal. */
const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  '../../etc/passwd',
  'a/b\\c',
  '\0',
  "');process.exit(9);('",
  '`;process.exit(9);`',
  'two\nlines',
  '\u001b[2J\u202e',
];
const FORGED = /[\p{Cc}\u2028\u2029\p{Bidi_Control}]/u;

describe('invariant 11: no name is code, a path, a key or a log line', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  before(async () => {
    engine = await createEngine();
  });
  after(closeEngines);

  for (const name of NAMES) {
    it(`a plugin called ${JSON.stringify(name)} is a plugin like any other`, async () => {
      expect(await outcome(engine.process(name, { input: '' }))).to.equal('ERR_PLUGIN_NOT_FOUND');
      const missing = await rejection(engine.unloadPlugin(name));
      expect([missing.code, missing.plugin]).to.deep.equal(['ERR_PLUGIN_NOT_FOUND', name]);
      expect(missing.message).not.to.match(FORGED);
      const events = collect(engine, 'plugin:event');
      await engine.loadPlugin(name, await echo(), { config: { prefix: `<${name}>` } });
      const again = await rejection(engine.loadPlugin(name, await echo()));
      expect(again.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(again.message).not.to.match(FORGED);
      const other = await rejection(engine.process('not there', { input: '' }));
      expect(other.hint).to.include('Loaded are').and.not.to.match(FORGED);
      expect((await engine.process(name, { input: 'hello' })).output).to.equal(`<${name}>hello`);
      expect(engine.listPlugins().map((plugin) => plugin.name)).to.deep.equal([name]);
      await engine.reloadPlugin(name);
      expect((await engine.process(name, { input: 'again' })).output).to.equal(`<${name}>again`);
      await engine.unloadPlugin(name);
      expect(new Set(events.map(({ plugin }) => plugin))).to.deep.equal(new Set([name]));
      expect(engine.listPlugins()).to.deep.equal([]);
    });
  }

  it('a key that the configuration lacks is not there, whatever objects have by nature', async () => {
    await engine.loadPlugin('bare', await echo());
    for (const key of NAMES.slice(0, 5)) {
      const { success, errorMessage } = await engine.process('bare', { input: `config ${key}` });
      expect([success, errorMessage], key).to.deep.equal([false, 'no such key']);
    }
    await engine.unloadPlugin('bare');
  });

  it('a key that it has is found, whatever it is called', async () => {
    const config: Record<string, string> = JSON.parse(`{${NAMES.map((n) => `${JSON.stringify(n)}: "mine"`).join()}}`);
    await engine.loadPlugin('keyed', await echo(), { config });
    for (const key of NAMES) {
      expect((await engine.process('keyed', { input: `config ${key}` })).output, key).to.equal('mine');
    }
    expect('mine' in {}).to.equal(false);
    await engine.unloadPlugin('keyed');
  });

  it("a key of one plugin's configuration is not another's", async () => {
    await engine.loadPlugin('rich', await echo(), { config: { secret: 'a secret' } });
    await engine.loadPlugin('poor', await echo());
    expect((await engine.process('rich', { input: 'config secret' })).output).to.equal('a secret');
    expect((await engine.process('poor', { input: 'config secret' })).success).to.equal(false);
    await Promise.all([engine.unloadPlugin('rich'), engine.unloadPlugin('poor')]);
  });

  it('options are pairs, whatever their keys', async () => {
    await engine.loadPlugin('plain', await echo());
    for (const key of NAMES) {
      const options = JSON.parse(`{${JSON.stringify(key)}: "the value"}`);
      expect((await engine.process('plain', { input: 'option', options })).output, key).to.equal('the value');
    }
    await engine.unloadPlugin('plain');
  });

  it('a log message is one line', async () => {
    await engine.loadPlugin('forger', await hostile());
    const logs = collect(engine, 'plugin:log');
    await engine.process('forger', { input: 'forge' }, { requestId: 'r-1' });
    const { version } = engine.listPlugins()[0]!;
    expect(logs).to.deep.equal([
      {
        plugin: 'forger',
        version,
        requestId: 'r-1',
        level: 'info',
        message: 'one\\u{a}2026-01-01 [info] forged\\u{d}\\u{1b}[31mred\\u{1b}[0m\\u{0}\\u{2028}\\u{202e}gnirts',
      },
    ] satisfies PluginLog[]);
    await engine.unloadPlugin('forger');
  });

  it('a level that does not exist is debug, and never a key', async () => {
    await engine.loadPlugin('levels', await echo());
    const logs = collect(engine, 'plugin:log');
    const levels = ['trace', 'warn', '__proto__', 'constructor', 'FATAL', 'info\n'];
    for (const level of levels) await engine.process('levels', { input: `level ${level}` });
    expect(logs.map(({ level }) => level)).to.deep.equal(['trace', 'warn', 'debug', 'debug', 'debug', 'debug']);
    await engine.unloadPlugin('levels');
  });

  it('the type of an event is one line and a value', async () => {
    await engine.loadPlugin('events', await echo());
    const events = collect(engine, 'plugin:event');
    for (const type of ['__proto__', 'two\nlines']) await engine.process('events', { input: `event ${type}` });
    expect(events.map(({ type }) => type)).to.deep.equal(['__proto__', 'two\\u{a}lines']);
    await engine.unloadPlugin('events');
  });

  it('what a plugin says of itself is data: its version is one line', async () => {
    const { version, metadata, name } = await engine.loadPlugin('liar', await lifecycle.metadataForges());
    expect([version, name]).to.deep.equal(['\\u{1b}[2J', 'liar']);
    expect(metadata?.name).to.equal('../../__proto__\n[error] forged');
    await engine.unloadPlugin('liar');
  });

  it('a request id is a value: it comes back as it was', async () => {
    await engine.loadPlugin('ids', await hostile());
    const logs = collect(engine, 'plugin:log');
    for (const requestId of NAMES) {
      await engine.process('ids', { input: 'log hello' }, { requestId });
      const error = await rejection(engine.process('ids', { input: 'unreachable' }, { requestId }));
      expect([error.code, error.requestId]).to.deep.equal(['ERR_TRAP', requestId]);
      expect(error.message).not.to.match(FORGED);
    }
    expect(logs.map(({ requestId }) => requestId)).to.deep.equal(NAMES);
    expect(logs.map(({ message }) => message)).to.deep.equal(NAMES.map(() => 'hello'));
    await engine.unloadPlugin('ids');
  });

  it('a refusal to start is told in one line', async () => {
    const config = { initialize: 'fail', 'two\nlines': 'x' };
    const error = await rejection(engine.loadPlugin('two\nlines', await hostile(), { config }));
    expect(error.code).to.equal('ERR_INITIALIZE_FAILED');
    expect(`${error.message} ${error.hint}`).not.to.match(FORGED);
    expect(error.message).to.include('asked to fail');
  });
});
