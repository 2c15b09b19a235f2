import { leb128, signedLeb128 } from './edits.ts';

/** A memory or table, as a module sees it, of which the policy allows less than the plugin itself does. */
export type Lowered = {
  /** Its index in the module. */
  readonly index: number;
  /** Whether its addresses have 64 bits. */
  readonly wide: boolean;
  /** The pages or entries that the plugin allows; at least as many as the policy does. */
  readonly own: number;
} & (
  | { readonly kind: 'memory' }
  /** `element` is the type of its elements in binary form. */
  | { readonly kind: 'table'; readonly element: number }
);

/** The instructions and the type of addresses, after "Binary Format / Instructions" of the specification. */
const NARROW = { type: 0x7f, const: 0x41, eq: 0x46, geU: 0x4f, sub: 0x6b };
const WIDE = { type: 0x7e, const: 0x42, eq: 0x51, geU: 0x5a, sub: 0x7d };

/** The type of {@link growFunction}, which is that of the instruction that it wraps. */
export function growType(lowered: Lowered): readonly number[] {
  const { type } = lowered.wide ? WIDE : NARROW;
  const params = lowered.kind === 'memory' ? [type] : [lowered.element, type];
  return [0x60, params.length, ...params, 1, type];
}

/**
 * The code of a function that grows a memory or table. Where that is refused, and what was asked for is not more than
 * the plugin allows itself, it sets a global to 1.
 *
 * @param flag The index of the global, an i32.
 */
export function growFunction(lowered: Lowered, flag: number): readonly number[] {
  const address = lowered.wide ? WIDE : NARROW;
  const index = leb128(lowered.index);
  const isMemory = lowered.kind === 'memory';
  const [delta, before] = isMemory ? [0, 1] : [1, 2];
  const code = [
    ...[1, 1, address.type], // (local $before)
    ...(isMemory ? [] : [0x20, 0]), // local.get $init
    ...[0x20, delta], // local.get $delta
    ...[...(isMemory ? [0x40] : [0xfc, 15]), ...index], // memory.grow, table.grow
    ...[0x22, before], // local.tee $before
    ...[address.const, 0x7f, address.eq], // it is -1
    ...[address.const, ...signedLeb128(lowered.own)],
    ...[...(isMemory ? [0x3f] : [0xfc, 16]), ...index], // memory.size, table.size
    ...[address.sub, 0x20, delta, address.geU], // own - size >= $delta
    0x71, // i32.and
    ...[0x04, 0x40, 0x41, 1, 0x24, ...leb128(flag), 0x0b], // (if (then (global.set $flag (i32.const 1))))
    ...[0x20, before, 0x0b], // local.get $before, end
  ];
  return [...leb128(code.length), ...code];
}
