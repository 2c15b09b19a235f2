/** Bytes of the smallest buffer: what is smaller is put together elsewhere. */
const LEAST_BYTES = 64 * 1024;
/** Bytes that are kept for the next calls. */
const KEPT_BYTES = 8 * 1024 * 1024;

/** By size, a power of two: to map and to clear new memory costs more than to copy a large list. */
const spares = new Map<number, ArrayBuffer[]>();
let kept = 0;

/** A buffer of at least so many bytes, with anything in it. */
export function takeBuffer(bytes: number): ArrayBuffer {
  let size = LEAST_BYTES;
  while (size < bytes) size *= 2;
  const spare = spares.get(size)?.pop();
  if (spare === undefined) return new ArrayBuffer(size);
  kept -= size;
  return spare;
}

/** Takes back a buffer that nobody has any more. */
export function giveBackBuffer(buffer: ArrayBuffer): void {
  const size = buffer.byteLength;
  if (kept + size > KEPT_BYTES) return;
  kept += size;
  const same = spares.get(size);
  if (same === undefined) spares.set(size, [buffer]);
  else same.push(buffer);
}

/** Whether a buffer may be given back: smaller ones are shared by calls. */
export function isSpare(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  return buffer.byteLength >= LEAST_BYTES;
}
