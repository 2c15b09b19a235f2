import { PluginError } from '../errors.ts';
import { componentEmbed, componentNew } from '../jco/wasm-tools.ts';
import { contractText } from '../package/contract-wit.ts';
import { isError } from '../text/is-error.ts';
import { preview1Adapter } from './preview1-adapter.ts';

/** The worlds that a core module can be made a component of. */
export const WORLD_NAMES = ['plugin-world', 'plugin-v1', 'plugin-v2', 'plugin-bytes', 'plugin-batch'] as const;

/** The name of a world of the contract. */
export type WorldName = (typeof WORLD_NAMES)[number];

/** How a core module becomes a component. */
export interface ComponentizeOptions {
  /** @default 'plugin-world' */
  readonly world?: WorldName;
  /** How strings lie in the module's memory. @default 'utf8' */
  readonly stringEncoding?: 'utf8' | 'utf16';
}

const PREVIEW1 = 'wasi_snapshot_preview1';

/**
 * Makes a component of a core module that has a world's imports and exports under their canonical names
 * (https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md). A module for WASI 0.1 gets an
 * adapter with clocks, random numbers and stderr; it finds no files.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT` for bytes that are no core module, `ERR_INCOMPATIBLE_WIT` for one whose
 * imports or exports are not those of the world.
 */
export async function componentize(
  core: Uint8Array,
  { world = 'plugin-world', stringEncoding = 'utf8' }: ComponentizeOptions = {},
): Promise<Uint8Array> {
  const module = await compile(core);
  const adapters: [string, Uint8Array][] = WebAssembly.Module.imports(module).some((item) => item.module === PREVIEW1)
    ? [[PREVIEW1, await preview1Adapter()]]
    : [];
  // The text and not the path: `witPath` fails with preview2-shim 0.26 and poisons the tools for the rest of the process.
  const witSource = await contractText();
  try {
    return await componentNew(await componentEmbed({ binary: core, witSource, world, stringEncoding }), adapters);
  } catch (error) {
    throw new PluginError('ERR_INCOMPATIBLE_WIT', `The module does not fit the world ${world}: ${reason(error)}`, {
      hint: 'Its imports and exports need the names and core types that the canonical ABI gives the functions of the contract.',
      cause: error,
    });
  }
}

async function compile(core: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(core as Uint8Array<ArrayBuffer>);
  } catch (error) {
    throw new PluginError('ERR_INVALID_COMPONENT', `This is no core module: ${reason(error)}`, {
      hint: 'A component needs no `componentize`; anything else has to be built again.',
      cause: error,
    });
  }
}

/** What the tools say comes with a chain of causes, one a line. */
function reason(error: unknown): string {
  const text = isError(error) ? error.message : String((error as { payload?: unknown })?.payload ?? error);
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
