import { constants } from 'node:buffer';
import { compileFunction } from 'node:vm';
import { type ErrorDetails, PluginError } from '../errors.ts';
import type { ResolvedPolicy } from '../host/policy/policy.ts';

/** The name under which the glue's frames appear in stack traces; `faults.ts` tells them from the host's by it. */
export const GLUE_FILE = 'wasm-plugin-pool:glue';

/** Makes a core instance; the glue calls it once for each. */
export type InstantiateCore = (module: WebAssembly.Module, imports?: WebAssembly.Imports) => WebAssembly.Instance;

/** The glue's one export: instantiates the component and returns its exported interfaces by name. */
export type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: Readonly<Record<string, unknown>>,
  instantiateCore: InstantiateCore,
) => Readonly<Record<string, unknown>>;

/** The two lines of the generated module that say `export`. */
const ENTRY = /^export function instantiate\(/m;
const UTILITIES = /^export const _util\b/m;

/**
 * Compiles the glue of one version of a plugin, to be instantiated any number of times.
 *
 * It is a function body and no module: a module that was imported from a `data:` URL stays in memory until the thread
 * ends, so that each reload would leak 150 KB. The globals that the glue looks at are parameters: what it needs not is
 * out of its sight, and its test for `process.env.JCO_DEBUG`, about fifteen of them a call, costs nothing.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT` when the source is not what jco generates.
 */
export function compileGlue(source: string, policy: Pick<ResolvedPolicy, 'maxOutputBytes'>): Instantiate {
  if (!ENTRY.test(source)) throw notGlue('it has no `instantiate`');
  const body = source.replace(ENTRY, 'function instantiate(').replace(UTILITIES, 'const _util');
  // The glue wraps functions with `promising` when it instantiates, also where nothing is asynchronous. Without JSPI
  // (Node 22) each attempt would throw, and throwing makes an instance cost 50 ms.
  (WebAssembly as { promising?: unknown }).promising ??= (callee: unknown) => callee;
  try {
    const factory = compileFunction(`'use strict';${body}\nreturn instantiate;`, PARAMETERS, { filename: GLUE_FILE });
    const decoder = guestTextDecoder(policy.maxOutputBytes);
    return factory({ WebAssembly }, undefined, SILENT_CONSOLE, decoder, WholeTextEncoder) as Instantiate;
  } catch (error) {
    throw notGlue('it does not compile', error);
  }
}

const PARAMETERS = ['globalThis', 'process', 'console', 'TextDecoder', 'TextEncoder'];

/** What the glue would print repeats names of the guest's; the error that follows says the same. */
const SILENT_CONSOLE = Object.freeze({ debug() {}, error() {}, warn() {}, log() {} });

/**
 * The encoder that the glue gets instead of the global one, which since Node 25.4 may stop a character early although
 * the rest fits (nodejs/node#65994); the glue takes that for an error. To go when the floor of Node has the fix.
 */
class WholeTextEncoder extends TextEncoder {
  override encodeInto(source: string, destination: Uint8Array): { read: number; written: number } {
    const result = super.encodeInto(source, destination);
    if (result.read === source.length) return result;
    const bytes = this.encode(source);
    if (bytes.length > destination.length) return result;
    destination.set(bytes);
    return { read: source.length, written: bytes.length };
  }
}

function notGlue(why: string, cause?: unknown): PluginError {
  return new PluginError('ERR_INVALID_COMPONENT', `The JavaScript generated for the component is unusable: ${why}`, {
    hint: 'Please report this component; it should have been refused earlier.',
    cause,
  });
}

/**
 * The decoder that the glue gets instead of the global one. The glue's own would replace invalid UTF-8 and swallow a
 * leading U+FEFF, where the canonical ABI traps and keeps it; and it would decode first and leave the limit to us.
 *
 * https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md (load_string_from_range)
 */
function guestTextDecoder(
  maxOutputBytes: number,
): new (
  label?: string,
) => { decode(bytes: Uint8Array<ArrayBuffer>): string } {
  const maxBytes = Math.min(Math.max(maxOutputBytes, ALWAYS_DECODED_BYTES), constants.MAX_STRING_LENGTH);
  return class GuestTextDecoder {
    readonly #decoder: TextDecoder;

    constructor(label = 'utf-8') {
      this.#decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
    }

    decode(bytes: Uint8Array<ArrayBuffer>): string {
      if (bytes.byteLength > maxBytes) throw outputLimit(bytes.byteLength, maxOutputBytes);
      try {
        return this.#decoder.decode(bytes);
      } catch (error) {
        // Anything else is a lack of stack or memory.
        if (!(error instanceof TypeError)) throw error;
        throw brokenAbi(`a string is not valid ${this.#decoder.encoding.toUpperCase()}`, { cause: error });
      }
    }
  };
}

/** The guest handed over what the canonical ABI does not allow. */
export function brokenAbi(how: string, details: Pick<ErrorDetails, 'backtrace' | 'cause'>): PluginError {
  return new PluginError('ERR_INVALID_RESPONSE', `The plugin broke the canonical ABI: ${how}`, {
    hint: 'The bindings of the plugin and the contract do not agree; build it again with current tools.',
    ...details,
  });
}

/** A call that may return nothing can still log and ask for its configuration. */
const ALWAYS_DECODED_BYTES = 64 * 1024;

/** The guest returned, or passed to the host, more than it may. */
export function outputLimit(bytes: number, maxOutputBytes: number): PluginError {
  return new PluginError(
    'ERR_OUTPUT_LIMIT',
    `The plugin handed the host ${bytes} bytes of text; its limit is ${maxOutputBytes} bytes`,
    {
      hint: 'Raise `maxOutputBytes` in the policy, or let the plugin return less at a time.',
      limit: { name: 'maxOutputBytes', value: maxOutputBytes },
    },
  );
}
