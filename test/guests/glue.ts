import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { linked } from '../canonical-abi/runtime/support/bindings.ts';

/** Pairs as the contract passes them: options and configuration. */
export type Pairs = readonly (readonly [string, string])[];

/** What `process` answers. */
export interface Response {
  readonly output: string;
  readonly success: boolean;
  readonly errorMessage?: string | undefined;
}

/** The exports of a plugin for `plugin-world`, as jco's glue shows them. */
export interface PluginApi {
  initialize(config: Pairs): void;
  process(request: { readonly input: string; readonly options: Pairs }): Response;
  shutdown(): void;
  getMetadata(): { readonly name: string; readonly version: string; readonly description: string };
}

/** What a plugin said to its host, in order. */
interface Heard {
  readonly logs: (readonly [level: string, message: string])[];
  readonly events: (readonly [type: string, payload: string])[];
}

/**
 * From Node 25.4 on `encodeInto` may stop one character early although the rest fits (nodejs/node#65994), and jco's glue
 * then throws "failed to encode whole string". This stands before the glue and hides the global.
 */
const ENCODER = `
class TextEncoder extends globalThis.TextEncoder {
  encodeInto(source, destination) {
    const result = super.encodeInto(source, destination);
    const bytes = result.read === source.length ? undefined : this.encode(source);
    if (bytes === undefined || bytes.length > destination.length) return result;
    destination.set(bytes);
    return { read: source.length, written: bytes.length };
  }
}
`;

/** A plugin that has been initialised. */
export interface Started {
  readonly api: PluginApi;
  readonly heard: Heard;
  /** Bytes of all its memories together. */
  memoryBytes(): number;
}

type Instantiate = (
  getCoreModule: (path: string) => WebAssembly.Module,
  imports: Record<string, unknown>,
  instantiateCore?: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
) => Record<string, unknown>;

/** Makes a new instance of a component; `onCore` sees the exports of each core instance. */
type MakeInstance = (
  imports?: Record<string, unknown>,
  onCore?: (exports: WebAssembly.Instance['exports']) => void,
) => Readonly<Record<string, unknown>>;

/** Transpiles a component once, for any number of instances. */
export async function transpiled(component: Uint8Array): Promise<MakeInstance> {
  const { files } = await transpileBytes(component, {
    name: 'guest',
    instantiation: 'sync',
    noComponentErrorWrapping: false,
  });
  const modules = new Map<string, WebAssembly.Module>();
  for (const [path, bytes] of Object.entries(files)) {
    if (path.endsWith('.wasm')) modules.set(path, await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>));
  }
  // A file and not a data URL: that would be in every line of every stack.
  const directory = await mkdtemp(join(tmpdir(), 'guest-'));
  try {
    const file = join(directory, 'guest.mjs');
    await writeFile(file, `${ENCODER}${Buffer.from(files['guest.js']!)}`);
    const { instantiate } = (await import(pathToFileURL(file).href)) as { instantiate: Instantiate };
    return (imports = {}, onCore = () => {}) =>
      instantiate(
        (path) => modules.get(path)!,
        imports,
        (module, coreImports) => {
          const instance = new WebAssembly.Instance(module, coreImports);
          onCore(instance.exports);
          return instance;
        },
      );
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Links a component with the engine's own binding once, for any number of instances. */
async function bound(component: Uint8Array): Promise<MakeInstance> {
  const made = await linked(component);
  return (imports = {}, onCore = () => {}) =>
    made.instantiate(imports, (module, coreImports) => {
      const instance = new WebAssembly.Instance(module, coreImports);
      onCore(instance.exports);
      return instance;
    }).exports;
}

/** Instantiates a plugin for `plugin-world` on a small host and initialises it with `config`. */
export type Start = (component: Uint8Array, config?: Pairs, wasi?: Record<string, unknown>) => Promise<Started>;

/** Declares the tests of a plugin twice: it does the same under the engine's own binding and under jco's glue. */
export function underBothBindings(what: string, tests: (start: Start) => void): void {
  for (const [binding, prepare] of [
    ['the direct binding', bound],
    ["jco's glue", transpiled],
  ] as const) {
    describe(`${what}, under ${binding}`, () =>
      tests((component, config = [], wasi = {}) => start(prepare, component, config, wasi)));
  }
}

async function start(
  prepare: (component: Uint8Array) => Promise<MakeInstance>,
  component: Uint8Array,
  config: Pairs,
  wasi: Record<string, unknown>,
): Promise<Started> {
  const heard: Heard = { logs: [], events: [] };
  const host = {
    logMessage: (level: string, message: string) => void heard.logs.push([level, message]),
    getConfig: (key: string) => config.find(([name]) => name === key)?.[1],
    emitEvent: (type: string, payload: string) => void heard.events.push([type, payload]),
  };
  const memories = new Set<WebAssembly.Memory>();
  const makeInstance = await prepare(component);
  const instance = makeInstance({ ...wasi, 'toolsku:plugin-system/host-api': host }, (exports) => {
    for (const item of Object.values(exports)) if (item instanceof WebAssembly.Memory) memories.add(item);
  });
  const api = instance.pluginApi as PluginApi;
  api.initialize(config);
  const memoryBytes = () => [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  return { api, heard, memoryBytes };
}
