import { expect } from 'chai';
import { pluginFiles } from '../../examples/plugins/files.ts';
import { PluginEngine } from '../../src/engine.ts';

describe('the example plugin greys', () => {
  let engine: PluginEngine;
  const greys = async (...input: readonly number[]): Promise<unknown> => {
    const { output, success, errorMessage } = await engine.process('greys', { input: Uint8Array.from(input) });
    return success ? [...output] : errorMessage;
  };

  before(async () => {
    engine = await PluginEngine.create({ threads: 1 });
    await engine.loadPlugin('greys', pluginFiles.greys);
  });
  after(() => engine.close());

  it('makes greys of colours, and keeps alpha', async () => {
    expect(await greys(255, 0, 0, 255, 0, 0, 255, 7)).to.deep.equal([54, 54, 54, 255, 18, 18, 18, 7]);
    expect(await greys()).to.deep.equal([]);
  });

  it('says that bytes are no whole pixels', async () => {
    expect(await greys(1, 2, 3)).to.equal('3 bytes are no whole pixels of 4');
  });
});
