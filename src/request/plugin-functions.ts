/**
 * The functions of plugins, by the names under which these are loaded. `wasm-plugin-pool types` writes declarations that
 * extend it; a plugin that is not in it can be called without types.
 *
 * `index.ts` passes it on with `export *`: TypeScript extends an interface only where it is declared, or where such a line leads.
 *
 * @example
 * declare module 'wasm-plugin-pool' {
 *   interface PluginFunctions {
 *     shop: { 'acme:app/pricing#quote': (items: number[]) => number };
 *   }
 * }
 * const total = await engine.call('shop', 'acme:app/pricing#quote', [[1, 2]]);
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be extended
export interface PluginFunctions {}
