/*
 * What the modules import that supply functions to plugins: `wasm-plugin-pool/host`. It brings nothing else of the engine
 * along, as each worker loads it.
 */
export { WitError } from '../wit-error.ts';
export type { ImportingInstance } from './supplied-modules.ts';
