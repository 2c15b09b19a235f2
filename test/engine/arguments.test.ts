import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { witness } from './fixtures/witness.ts';

describe('arguments that callers from JavaScript may get wrong', () => {
  let engine: PluginEngine;
  before(async () => {
    engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('plugin', await witness());
  });
  after(closeEngines);

  const none = null as never;
  const misspelt = { sandbx: 'standard' } as never;
  const calls: readonly (readonly [what: string, call: () => Promise<unknown>, message: string])[] = [
    ['process: no name', () => engine.process(none, { input: '' }), 'Expected `name` to be a string'],
    ['process: a number for a name', () => engine.process(5 as never, { input: '' }), 'Expected `name` to be a string'],
    [
      'process: an input that no component can take',
      () => engine.process('plugin', { input: 'x'.repeat(2 ** 28) }),
      '`request.input` has more than the 268435455 bytes',
    ],
    [
      'process: an option that no component can take',
      () => engine.process('plugin', { input: '', options: [['key', 'x'.repeat(2 ** 28)]] }),
      '`request.options[0]` has more than the 268435455 bytes',
    ],
    ['loadPlugin: null for options', async () => engine.loadPlugin('a', await witness(), none), 'Expected `options`'],
    [
      'loadPlugin: a misspelt option',
      async () => engine.loadPlugin('a', await witness(), misspelt),
      'no option `sandbx`',
    ],
    [
      'loadPlugin: null for a policy',
      async () => engine.loadPlugin('a', await witness(), { sandbox: none }),
      'Expected `sandbox` to be an object, got `null`',
    ],
    ['reloadPlugin: a misspelt option', () => engine.reloadPlugin('plugin', undefined, misspelt), 'no option `sandbx`'],
    ['unloadPlugin: null for options', () => engine.unloadPlugin('plugin', none), 'Expected `options`'],
    ['unloadPlugin: a misspelt option', () => engine.unloadPlugin('plugin', misspelt), 'no option `sandbx`'],
    ['close: null for options', async () => engine.close(none), 'Expected `options`'],
    ['close: a misspelt option', async () => engine.close(misspelt), 'no option `sandbx`'],
  ];
  for (const [what, call, message] of calls) {
    it(`${what} is refused, and changes nothing`, async () => {
      const error = await rejection(call());
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.include(message);
      expect(engine.listPlugins().map(({ name }) => name)).to.deep.equal(['plugin']);
      expect((await engine.process('plugin', { input: 'e' })).output).to.equal('e');
    });
  }
});
