import { referenceBytes } from '../component/core-types.ts';
import { leb128, signedLeb128 } from '../component/edits.ts';

/** Instructions behind the prefix 0xfc; see "Binary Format / Instructions" of the specification. */
export const BULK = {
  memoryInit: 8,
  memoryCopy: 10,
  memoryFill: 11,
  tableInit: 12,
  tableCopy: 14,
  tableFill: 17,
} as const;

/** A bulk instruction, with what it is about as far as its operands depend on that. */
export interface BulkInstruction {
  readonly opcode: number;
  /** As they are written: a segment or two memories or tables, or the one that is filled. */
  readonly immediates: readonly number[];
  /** The memory or table that is written to. */
  readonly target: Place;
  /** Where it reads, if that is a memory or table, too. */
  readonly source: Place | undefined;
}

/** A memory, or a table with the type of its elements. */
export interface Place {
  readonly index: number;
  /** Whether its addresses have 64 bits. */
  readonly wide: boolean;
  readonly element: string | undefined;
}

/** The most that is moved at a time: some microseconds' worth. */
const PART_BYTES = 65_536;
const PART_ENTRIES = 1024;

/** The type of addresses, and its instructions. */
const NARROW = { type: 0x7f, const: 0x41, ltU: 0x49, gtU: 0x4b, leU: 0x4d, add: 0x6a, sub: 0x6b };
const WIDE = { type: 0x7e, const: 0x42, ltU: 0x54, gtU: 0x56, leU: 0x58, add: 0x7c, sub: 0x7d };
type Address = typeof NARROW;

/** The parameters: those of the instruction. */
const [TO, FROM, COUNT] = [0, 1, 2];

/** The type of {@link partsFunction}, which is that of the instruction. */
export function partsType(bulk: BulkInstruction): readonly number[] {
  const { to, from, count } = operands(bulk);
  return [0x60, 3, to.type, ...(from === undefined ? filled(bulk.target) : [from.type]), count.type, 0];
}

/**
 * The code of a function that does what a bulk instruction does, part by part, so that V8 looks between two parts whether
 * the thread has to end. It traps where the instruction would, and before anything has changed, as that does.
 */
export function partsFunction(bulk: BulkInstruction): readonly number[] {
  const { to, from, count } = operands(bulk);
  const part = [count.const, ...signedLeb128(bulk.target.element === undefined ? PART_BYTES : PART_ENTRIES)];
  const nothing = [count.const, 0];
  const instruction = [0xfc, bulk.opcode, ...bulk.immediates.flatMap(leb128)];
  const whole = [...get(TO), ...get(FROM), ...get(COUNT), ...instruction];
  const wholeIf = (condition: readonly number[]): number[] => [...condition, 0x04, 0x40, ...whole, 0x0f, 0x0b];
  const end = (operand: number, address: Address): number[] => [
    ...get(operand),
    ...get(COUNT),
    ...(address.type === count.type ? [] : [0xad]), // i64.extend_i32_u
    address.add,
  ];
  const wraps = (operand: number, address: Address): number[] => [
    ...end(operand, address),
    ...get(operand),
    address.ltU,
  ];
  const sourceEnd = from === undefined ? get(FROM) : end(FROM, from);
  const forwards = loop([
    ...[...get(TO), ...get(FROM), ...part, ...instruction],
    ...[...get(TO), to.const, ...part.slice(1), to.add, ...set(TO)],
    ...(from === undefined ? [] : [...get(FROM), from.const, ...part.slice(1), from.add, ...set(FROM)]),
    ...[...get(COUNT), ...part, count.sub, 0x22, COUNT, ...part, count.gtU],
  ]);
  const backwards = loop([
    ...[...get(COUNT), ...part, count.sub, ...set(COUNT)],
    ...[...end(TO, to), ...sourceEnd, ...part, ...instruction],
    ...[...get(COUNT), ...part, count.gtU],
  ]);
  const code = [
    0, // No locals
    ...wholeIf([...get(COUNT), ...part, count.leU]),
    // Beyond the last address: it traps.
    ...wholeIf(wraps(TO, to)),
    ...(from === undefined ? [] : wholeIf(wraps(FROM, from))),
    // Nothing is moved, and it traps where the end is out of bounds.
    ...[...end(TO, to), ...sourceEnd, ...nothing, ...instruction],
    // What overlaps from below is moved from its end on.
    ...(overlaps(bulk)
      ? [...get(TO), ...get(FROM), to.gtU, 0x04, 0x40, ...backwards, ...whole, 0x0f, 0x0b] // if, return, end
      : []),
    ...forwards,
    ...whole,
    0x0b,
  ];
  return [...leb128(code.length), ...code];
}

/** The types of its operands; none where what is filled in stands for what is read. */
function operands({ opcode, target, source }: BulkInstruction): {
  readonly to: Address;
  readonly from: Address | undefined;
  readonly count: Address;
} {
  const to = target.wide ? WIDE : NARROW;
  if (source !== undefined) {
    const from = source.wide ? WIDE : NARROW;
    return { to, from, count: target.wide && source.wide ? WIDE : NARROW };
  }
  const isFill = opcode === BULK.memoryFill || opcode === BULK.tableFill;
  return isFill ? { to, from: undefined, count: to } : { to, from: NARROW, count: NARROW };
}

/** The type of what is filled in. */
function filled({ element }: Place): readonly number[] {
  return element === undefined ? [NARROW.type] : referenceBytes(element);
}

/** Whether what is read may be what is written to: a memory or table that is imported twice is one under two indices. */
function overlaps({ target, source }: BulkInstruction): boolean {
  return source !== undefined && source.wide === target.wide && source.element === target.element;
}

function get(local: number): number[] {
  return [0x20, local];
}

function set(local: number): number[] {
  return [0x21, local];
}

/** `(loop … (br_if 0))`, again while what it ends with is not 0. */
function loop(body: readonly number[]): number[] {
  return [0x03, 0x40, ...body, 0x0d, 0, 0x0b];
}
