import { byOpcode } from '../instructions.ts';

/*
 * After "Validation / Instructions" of the WebAssembly specification, two digits each: what it takes and what it puts.
 * Those whose type decides it (blocks, branches, calls) are not here.
 */

const PLAIN = byOpcode({
  // nop
  '00': [0x01],
  // local.get, global.get; memory.size, constants; ref.null, ref.func
  '01': [0x20, 0x23, 0x3f, [0x41, 0x44], 0xd0, 0xd2],
  // drop; local.set, global.set; br_on_non_null
  10: [0x1a, 0x21, 0x24, 0xd6],
  // local.tee, table.get, loads, memory.grow
  11: [0x22, 0x25, [0x28, 0x35], 0x40, ...unary()],
  // table.set, stores
  20: [0x26, [0x36, 0x3e]],
  // Numbers of two operands; ref.eq
  21: [[0x46, 0x4f], [0x51, 0x66], [0x6a, 0x78], [0x7c, 0x8a], [0x92, 0x98], [0xa0, 0xa6], 0xd3],
  // select
  31: [[0x1b, 0x1c]],
});

/** Tests, numbers of one operand, conversions; ref.is_null, ref.as_non_null, br_on_null. */
function unary(): readonly (number | readonly [number, number])[] {
  return [0x45, 0x50, [0x67, 0x69], [0x79, 0x7b], [0x8b, 0x91], [0x99, 0x9f], [0xa7, 0xc4], 0xd1, [0xd4, 0xd5]];
}

const PREFIXED: ReadonlyMap<number, readonly (string | undefined)[]> = new Map([
  // Conversions that saturate; data.drop, elem.drop; table.size, .grow; what takes three addresses or lengths
  [0xfc, byOpcode({ '00': [9, 13], '01': [16], 11: [[0, 7]], 21: [15], 30: [8, [10, 12], 14, 17] })],
  [
    0xfd,
    byOpcode({
      // v128.const
      '01': [12],
      // Loads, splats, lanes out; not, any_true; one operand
      11: [
        [0, 10],
        [15, 22],
        [24, 25],
        27,
        29,
        31,
        33,
        77,
        83,
        [92, 100],
        [103, 106],
        [116, 117],
        122,
        [124, 129],
        [131, 132],
        [135, 138],
        148,
        [160, 161],
        [163, 164],
        [167, 170],
        [192, 193],
        [195, 196],
        [199, 202],
        [224, 225],
        227,
        [236, 237],
        239,
        [248, 255],
        [257, 260],
      ],
      // Stores
      20: [11, [88, 91]],
      // Two operands, vectors of lanes, lanes in
      21: [
        [13, 14],
        23,
        26,
        28,
        30,
        32,
        [34, 76],
        [78, 81],
        [84, 87],
        [101, 102],
        [107, 115],
        [118, 121],
        123,
        130,
        [133, 134],
        [139, 147],
        [149, 153],
        [155, 159],
        [171, 174],
        177,
        [181, 186],
        [188, 191],
        [203, 206],
        209,
        [213, 223],
        [228, 235],
        [240, 247],
        256,
        [269, 274],
      ],
      // v128.bitselect; the relaxed ones of three operands
      31: [82, [0x105, 0x10c], 0x113],
    }),
  ],
  // atomic.fence; loads; stores; notify, read-modify-write; wait, compare-exchange
  [
    0xfe,
    byOpcode({ '00': [3], 11: [[0x10, 0x16]], 20: [[0x17, 0x1d]], 21: [0, [0x1e, 0x47]], 31: [1, 2, [0x48, 0x4e]] }),
  ],
]);

/** Packed: sixteen times what it takes, and what it puts. */
function packed(table: readonly (string | undefined)[]): Uint8Array {
  return Uint8Array.from(table, (digits) => (digits === undefined ? UNKNOWN : Number.parseInt(digits, 16)));
}

/** What has no entry puts a value at most, as do all of the garbage collection proposal. */
const UNKNOWN = 0x01;
const plain = packed(PLAIN);
const prefixed = new Map([...PREFIXED].map(([prefix, table]) => [prefix, packed(table)]));

/** What an instruction takes and puts, `takes << 4 | puts`. An upper bound of what it leaves, if it has no entry. */
export function stackEffect(first: number, opcode: number): number {
  const table = first < 0xfb ? plain : prefixed.get(first);
  return table?.[opcode] ?? UNKNOWN;
}
