/** Whether what was thrown is the `err` of a WIT `result`: it has an own property `payload`, as no trap and no fault of the engine's has. */
export function isWitError(error: unknown): error is Error & { readonly payload: unknown } {
  return error instanceof Error && Object.hasOwn(error, 'payload');
}
