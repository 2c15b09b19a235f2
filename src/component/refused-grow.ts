/**
 * The name under which an instrumented core module exports a mutable i32: 1 once it was refused memory for the policy's
 * sake. It has spaces, so that no export of a plugin can have it: `assertPlainNames` refuses those.
 */
export const REFUSED_GROW = 'wasm-plugin-pool: refused grow';
