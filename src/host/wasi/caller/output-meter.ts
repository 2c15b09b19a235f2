import { PluginError } from '../../../errors.ts';

/** Counts what one call gives its caller as streams: `maxOutputBytes` is for all of them together. */
export class OutputMeter {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws {PluginError} `ERR_OUTPUT_LIMIT`, which ends the call into the guest. */
  count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes) return;
    throw new PluginError('ERR_OUTPUT_LIMIT', `The plugin gave out more than ${this.#maxBytes} bytes in one call`, {
      hint: 'Raise `maxOutputBytes` in the policy if the plugin needs them.',
      limit: { name: 'maxOutputBytes', value: this.#maxBytes },
    });
  }
}
