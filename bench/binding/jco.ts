import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';

type Instantiate = (
  getCoreModule: (path: string) => WebAssembly.Module,
  imports: Readonly<Record<string, object>>,
) => Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** jco's glue as it is published to be used: written to a file, and imported. */
export async function asPublished(
  component: Uint8Array,
): Promise<(imports: Readonly<Record<string, object>>) => ReturnType<Instantiate>> {
  const { files } = await transpileBytes(component, {
    name: 'guest',
    instantiation: 'sync',
    noComponentErrorWrapping: false,
  });
  const modules = new Map<string, WebAssembly.Module>();
  for (const [path, bytes] of Object.entries(files)) {
    if (path.endsWith('.wasm')) modules.set(path, await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>));
  }
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const file = join(directory, 'guest.mjs');
    await writeFile(file, files['guest.js']!);
    const { instantiate } = (await import(pathToFileURL(file).href)) as { instantiate: Instantiate };
    return (imports) => instantiate((path) => modules.get(path)!, imports);
  } finally {
    await rm(directory, { recursive: true });
  }
}
