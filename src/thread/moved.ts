import type * as PiscinaPackage from 'piscina';
import { requireDependency } from '../package/root.ts';

/** Buffers up to this size are copied: that takes less time than to load what moves them. */
const LEAST_BYTES = 1024 * 1024;

/**
 * What a task of a thread answers with, so that the large buffers in it are moved: whoever receives it would hold its own
 * thread to copy them. They are gone where they were.
 *
 * @param parts What `value` has of bytes; those that have a buffer of their own are moved.
 */
export function moved<Value extends object>(value: Value, parts: readonly Uint8Array[]): Value {
  const owned = parts.filter(({ byteLength, buffer }) => byteLength >= LEAST_BYTES && byteLength === buffer.byteLength);
  const buffers = new Set(owned.map(({ buffer }) => buffer));
  if (buffers.size === 0) return value;
  const { move, transferableSymbol, valueSymbol } = requireDependency<typeof PiscinaPackage>('piscina');
  // Taken apart by Piscina, on this thread: what arrives is the value.
  return move({ [transferableSymbol]: [...buffers], [valueSymbol]: value } as never) as unknown as Value;
}
