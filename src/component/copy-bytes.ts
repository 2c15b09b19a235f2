import type { Buffer } from 'node:buffer';

/** A loop in JavaScript beats a call into Node up to here. */
const SHORT = 16;

/** Copies between the memories of guests and those that threads share. */
export function copyBytes(from: Buffer, at: number, length: number, to: Buffer, toAt: number): void {
  if (length > SHORT) from.copy(to, toAt, at, at + length);
  else for (let index = 0; index < length; index++) to[toAt + index] = from[at + index]!;
}
