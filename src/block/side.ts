import type { Buffer } from 'node:buffer';
import type { ErrorCode } from '../errors.ts';

/**
 * What a worker has to say of a record beside its result: the code it failed with, its dead letter, why it is none, and that it
 * has failed before.
 */
export const SideKind = { code: 0, letter: 1, malformed: 2, poison: 3 } as const;

export type SideKind = (typeof SideKind)[keyof typeof SideKind];

/** A byte for the kind, and the length of the text. */
export const SIDE_HEADER_BYTES = 5;

/** Goes through what was said of the records of a piece, in their order. */
export function* sideEntries(side: Buffer): Generator<{ readonly kind: SideKind; readonly text: Buffer }> {
  for (let at = 0; at < side.length; ) {
    const kind = side[at] as SideKind;
    const start = at + SIDE_HEADER_BYTES;
    at = start + side.readUInt32LE(at + 1);
    yield { kind, text: side.subarray(start, at) };
  }
}

/** How often the records of a piece failed with each code. */
export function codesOf(side: Buffer): Map<ErrorCode, number> {
  const codes = new Map<ErrorCode, number>();
  for (const { kind, text } of sideEntries(side)) {
    if (kind !== SideKind.code) continue;
    const code = text.toString('latin1') as ErrorCode;
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  return codes;
}
