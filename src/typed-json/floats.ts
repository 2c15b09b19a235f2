/** What JSON has no number for, as Protocol Buffers write it. */
const SPECIAL: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: Infinity, '-Infinity': -Infinity };

/** Undefined for what is none of them. */
export function specialFloat(value: unknown): number | undefined {
  return typeof value === 'string' && Object.hasOwn(SPECIAL, value) ? SPECIAL[value] : undefined;
}
