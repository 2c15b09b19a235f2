import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { componentize } from 'componentize-qjs';

/** The component: QuickJS with `plugin.js` loaded. Its bytes differ from build to build. */
export async function build(): Promise<Uint8Array> {
  const entry = fileURLToPath(new URL('plugin.js', import.meta.url));
  const { component } = await componentize({
    witPath: fileURLToPath(new URL('../../../wit', import.meta.url)),
    jsSource: await readFile(entry, 'utf8'),
    jsPath: entry,
    moduleRoot: fileURLToPath(new URL('.', import.meta.url)),
    world: 'plugin-world',
    // The default needs a host with the component model's async ABI.
    sync: true,
  });
  return component;
}
