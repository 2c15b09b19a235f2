import { PluginError } from '../errors.ts';

/**
 * The `err` of a WIT `result`, thrown by a host function. Not an Error: a guest may provoke them in a loop, and
 * nobody reads their stacks. jco and the direct binding both look for the own property `payload`.
 *
 * @example
 * const get = async (key: string) => {
 *   if (key === '') throw new WitError({ tag: 'no-such-key' });
 *   return 'value';
 * };
 * engine.provide('acme:store/kv@1.0.0', { get });
 */
export class WitError<Payload> {
  readonly payload: Payload;

  constructor(payload: Payload) {
    this.payload = payload;
  }
}

/** A call that breaks the contract of a WASI function which has no error of its own: wasmtime traps there too. */
export function trap(message: string, hint: string): PluginError {
  return new PluginError('ERR_TRAP', message, { hint, trap: 'other' });
}
