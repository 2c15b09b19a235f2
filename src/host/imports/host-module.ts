/**
 * What the modules import that supply functions to plugins. It brings nothing else of the engine along, as each worker
 * loads it.
 *
 * @module wasm-plugin-pool/host
 */
export { WitError } from '../wit-error.ts';
export type { ImportingInstance } from './supplied-modules.ts';
