/**
 * A core module that V8 has compiled: a `WebAssembly.Module`, which TypeScript has only together with the DOM. Declarations
 * that a program may come to see say this instead.
 */
export type CompiledModule = object;
