/** The component as a host runs it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PluginEngine } from 'wasm-plugin-pool';

let engine: PluginEngine;

before(async () => {
  engine = await PluginEngine.create({ threads: 1 });
  await engine.loadPlugin('my-plugin', new URL('../build/my-plugin.wasm', import.meta.url), {
    config: { separator: '_' },
  });
});

after(() => engine.close());

test('answers as it is configured', async () => {
  const { output } = await engine.process('my-plugin', { input: 'Hello, World!' });
  assert.equal(output, 'hello_world');
});

test('answers as the request says', async () => {
  const { output } = await engine.process('my-plugin', { input: 'Hello, World!', options: { separator: '.' } });
  assert.equal(output, 'hello.world');
});

test('says why it has no answer', async () => {
  const { success, errorMessage } = await engine.process('my-plugin', { input: '?!' });
  assert.deepEqual([success, errorMessage], [false, 'the input has no letter or digit']);
});
