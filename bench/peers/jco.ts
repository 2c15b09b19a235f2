import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';

/** What is posted to a thread that is to run the component with jco's glue. */
export interface Transpiled {
  /** The file of the glue, in a directory of its own. */
  readonly glue: string;
  readonly modules: ReadonlyMap<string, WebAssembly.Module>;
}

/** The plugin as the contract has it. */
export interface Plugin {
  initialize(config: readonly (readonly [string, string])[]): void;
  process(request: { readonly input: string; readonly options: readonly (readonly [string, string])[] }): {
    readonly output: string;
  };
}

/** Transpiles a component as `jco transpile --instantiation sync` does; the modules are compiled once, here. */
export async function transpile(component: string): Promise<Transpiled> {
  const { files } = await transpileBytes(await readFile(component), { name: 'guest', instantiation: 'sync' });
  const modules = new Map<string, WebAssembly.Module>();
  for (const [name, bytes] of Object.entries(files)) {
    if (name.endsWith('.wasm')) modules.set(name, await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>));
  }
  const glue = join(await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-bench-')), 'guest.mjs');
  await writeFile(glue, files['guest.js']!);
  return { glue, modules };
}

/** Removes what {@link transpile} wrote. */
export function discard({ glue }: Transpiled): Promise<void> {
  return rm(dirname(glue), { recursive: true });
}

type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: Readonly<Record<string, object>>,
) => Readonly<Record<string, Plugin>>;

/** One instance, with a host that answers nothing. */
export async function instantiate({ glue, modules }: Transpiled): Promise<Plugin> {
  const module = (await import(pathToFileURL(glue).href)) as { instantiate: Instantiate };
  const host = { logMessage() {}, getConfig: () => undefined, emitEvent() {} };
  const exports = module.instantiate((name) => modules.get(name)!, { 'toolsku:plugin-system/host-api': host });
  const name = Object.keys(exports).find((key) => key.startsWith('toolsku:plugin-system/plugin-api'))!;
  const plugin = exports[name]!;
  plugin.initialize([]);
  return plugin;
}
