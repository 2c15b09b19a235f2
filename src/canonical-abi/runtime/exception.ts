/** What `throw` throws: `WebAssembly.Exception`, which is declared as no class. */
export const Exception: abstract new () => object = (
  WebAssembly as unknown as { readonly Exception: abstract new () => object }
).Exception;
