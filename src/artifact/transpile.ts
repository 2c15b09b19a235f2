import { $init, generate } from '../jco/bindgen.ts';
import type { CoreModuleBytes } from './artifact.ts';
import { refusalOfTool, ToolPanic } from './tool-refusal.ts';

/** The generated JavaScript, and the core modules that it asks for. */
export interface Transpiled {
  readonly glue: string;
  readonly modules: readonly CoreModuleBytes[];
}

/**
 * jco's bindings generator, without the parts of the package (binaryen, a minifier, shims) that it does not need.
 * It also validates the component, with wasmparser.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT` or `ERR_LINK` for what the validator refuses.
 * @throws {ToolPanic}
 */
export async function transpile(component: Uint8Array): Promise<Transpiled> {
  await $init;
  const { files } = bindgen(component);
  let glue: string | undefined;
  const modules: CoreModuleBytes[] = [];
  for (const [name, content] of files) {
    if (name.endsWith('.js')) glue = new TextDecoder().decode(content);
    else if (name.endsWith('.wasm')) modules.push({ name, bytes: new Uint8Array(content) });
  }
  if (glue === undefined) throw new ToolPanic('jco generated no JavaScript');
  return { glue, modules };
}

function bindgen(component: Uint8Array): ReturnType<typeof generate> {
  try {
    return generate(component, {
      name: 'plugin',
      instantiation: { tag: 'sync' },
      // With the default, a WIT `err` cannot be told from a trap.
      noComponentErrorWrapping: false,
      noTypescript: true,
      noNodejsCompat: true,
      // Checks alignment and ranges of what a guest returns.
      validLiftingOptimization: false,
    });
  } catch (error) {
    throw refusalOfTool('jco', error);
  }
}
