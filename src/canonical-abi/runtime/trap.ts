/**
 * `trap()` of the specification, for the rules that are about the guest's own handles and calls. It looks like a trap of
 * the engine's, so that whoever classifies traps has one kind to know.
 */
export function trap(message: string): WebAssembly.RuntimeError {
  return new WebAssembly.RuntimeError(message);
}
