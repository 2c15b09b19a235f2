import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { componentize } from 'componentize-qjs';
import { closeEngines, createEngine } from '../support/engine.ts';

const plugin = new URL('../../examples/plugins/csv-to-json/', import.meta.url);

describe('a plugin that componentize-qjs builds as it does by default', () => {
  after(closeEngines);

  it('loads and answers, though its runtime imports built-ins of async', async () => {
    const entry = fileURLToPath(new URL('plugin.js', plugin));
    const { component } = await componentize({
      witPath: fileURLToPath(new URL('../../wit', import.meta.url)),
      jsSource: await readFile(entry, 'utf8'),
      jsPath: entry,
      moduleRoot: fileURLToPath(plugin),
      world: 'plugin-world',
    });
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('csv', component);
    for (let times = 0; times < 100; times++) {
      const { output } = await engine.process('csv', { input: `a,b\n1,${times}` });
      expect(JSON.parse(output)).to.deep.equal([{ a: '1', b: String(times) }]);
    }
  });
});
