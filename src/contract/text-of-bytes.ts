import { PluginError } from '../errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * What a plugin of the world `plugin-bytes` answers to somebody who asked with a text.
 *
 * @throws {PluginError} `ERR_INVALID_RESPONSE` where it is no UTF-8: nothing is put in the place of bytes that no text has.
 */
export function toText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new PluginError('ERR_INVALID_RESPONSE', 'The plugin answered with bytes that are no UTF-8', {
      hint: 'Ask it with a `Uint8Array` as the input, for a `Uint8Array`.',
      cause: error,
    });
  }
}
