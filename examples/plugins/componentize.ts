import { readFile } from 'node:fs/promises';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

/**
 * Makes a component for `plugin-world` of a core module that has the world's imports and exports under their canonical
 * names.
 *
 * @param stringEncoding How strings lie in the module's memory.
 */
export async function componentize(core: Uint8Array, stringEncoding: 'utf8' | 'utf16'): Promise<Uint8Array> {
  // The text and not the path: `witPath` fails with preview2-shim 0.26 and poisons the tools for the rest of the process.
  const witSource = await readFile(new URL('../../wit/plugin-system.wit', import.meta.url), 'utf8');
  const embedded = await componentEmbed({ binary: core, witSource, world: 'plugin-world', stringEncoding });
  return componentNew(embedded, []);
}
