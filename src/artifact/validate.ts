import { describe } from '../errors.ts';
import { componentWit } from '../jco/wasm-tools.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { invalidComponent, refusalOfTool } from './tool-refusal.ts';

/**
 * Validates what jco's bindings generator does not know: as the tools do that write a component as WIT, which have all
 * proposals on. They leave the code of core modules out; see {@link validateModule}.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT` or `ERR_LINK` for what the validator refuses.
 * @throws {ToolPanic}
 */
export async function validateBeyondGlue(component: Uint8Array): Promise<void> {
  try {
    await componentWit(component);
  } catch (error) {
    throw refusalOfTool('wasm-tools', error);
  }
}

/**
 * Validates the code of a core module, by V8's own validator.
 *
 * @param place Of the module among those of the file.
 * @throws {PluginError} `ERR_INVALID_COMPONENT`.
 */
export function validateModule(bytes: Uint8Array<ArrayBuffer>, place: number): void {
  if (WebAssembly.validate(bytes)) return;
  throw invalidComponent(`core module ${place}: ${whyInvalid(bytes)}`);
}

/** What is not valid is not compiled, so that asking why costs no more than validating it did. */
function whyInvalid(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    new WebAssembly.Module(bytes);
    return 'V8 refuses it';
  } catch (error) {
    return cleanLogLine(describe(error).replace(/^.*WebAssembly\.Module\(\): /, ''));
  }
}
