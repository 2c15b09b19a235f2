import { processBooks } from '../../../src/artifact/process-books.ts';
import { PluginEngine } from '../../../src/engine.ts';
import type { PluginError } from '../../../src/errors.ts';
import { echo } from '../../fixtures/guests.ts';
import { distinctTypes } from '../guests/compiler-bombs.ts';
import { withModules } from '../guests/compiler-plugins.ts';
import { Traffic } from '../traffic.ts';

/*
 * Loads and unloads components whose core types all differ, until one is refused. V8 keeps the types for as long as the
 * process lives, so that this needs one of its own. Says what came of it.
 */

/** As many as one component may bring, beside those of the plugin itself. */
const TYPES = 8_000;

const engine = await PluginEngine.create({ threads: 2, cacheDirectory: false });
const traffic = await Traffic.begin(engine);
let loaded = 0;
let refusal: unknown;
while (refusal === undefined) {
  const bytes = await withModules(() => [distinctTypes(TYPES, loaded * TYPES)])();
  try {
    await engine.loadPlugin('types', bytes);
    await engine.process('types', { input: 'hello' });
    await engine.unloadPlugin('types');
    loaded++;
  } catch (error) {
    refusal = error;
  }
}
// What brings no types of its own still has room, and what is loaded goes on.
await engine.loadPlugin('neighbour', await echo());
const { output } = await engine.process('neighbour', { input: 'hello' });
await traffic.passes(100);
const lost = await traffic.stop();
const { types } = processBooks;
await engine.close();
const { code, limit } = refusal as PluginError;
process.stdout.write(JSON.stringify({ loaded, types, code, limit, output, lost, failures: traffic.failures }));
