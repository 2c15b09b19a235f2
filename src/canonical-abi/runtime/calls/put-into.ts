/**
 * Puts bytes into an array of the caller's.
 *
 * @returns Their part of it; undefined where there is no room, or none any more: its memory may have been transferred or made
 * smaller while the call was under way, and whoever settles a call must not throw.
 */
export function putInto(into: Uint8Array, bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length > into.length) return undefined;
  try {
    into.set(bytes);
    return into.subarray(0, bytes.length);
  } catch {
    return undefined;
  }
}
