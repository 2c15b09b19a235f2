import { leb128, signedLeb128 } from '../component/edits.ts';
import { FUEL_AT, INTERRUPT_AT } from './control-page.ts';

/*
 * The code of checks. `page` is the index of the memory that the control page is; see "Binary Format / Instructions" of
 * the specification for the opcodes.
 */

/** `(if (i32.load $page (i32.const 0)) (then unreachable))`: the cheaper one. */
export function branchingInterrupt(page: number): readonly number[] {
  return [...interruptWord(page), ...TRAP_IF];
}

/**
 * `(drop (i32.load8_u $page (i32.load $page (i32.const 0))))`: the word is an address, of which only 0 is one. Without a
 * branch, because V8's baseline compiler notes all locals where branches meet.
 */
export function straightInterrupt(page: number): readonly number[] {
  return [...interruptWord(page), 0x2d, MEMORY_INDEX, ...leb128(page), 0, 0x1a];
}

/** Takes so many instructions from the fuel. */
export function charge(page: number, instructions: number): readonly number[] {
  return take(page, [0x42, ...signedLeb128(instructions)]);
}

/** Takes what a bulk instruction does: `local` gets its last operand, which stays where it is. */
export function chargeBulk(page: number, local: number, perInstruction: number): readonly number[] {
  const index = leb128(local);
  // local.tee; local.get, i64.extend_i32_u, i64.const, i64.shr_u
  const amount = [0x20, ...index, 0xad, 0x42, ...signedLeb128(Math.log2(perInstruction)), 0x88];
  return [0x22, ...index, ...take(page, amount)];
}

/** `(if (i64.lt_s $fuel (i64.const 0)) (then unreachable))` */
export function trapWithoutFuel(page: number): readonly number[] {
  return [...fuel(page), 0x42, 0, 0x53, ...TRAP_IF];
}

/** `$fuel = $fuel - amount`, where `amount` leaves an i64. */
function take(page: number, amount: readonly number[]): readonly number[] {
  return [0x41, 0, ...fuel(page), ...amount, 0x7d, 0x37, 3 | MEMORY_INDEX, ...leb128(page), FUEL_AT];
}

function fuel(page: number): readonly number[] {
  return [0x41, 0, 0x29, 3 | MEMORY_INDEX, ...leb128(page), FUEL_AT];
}

function interruptWord(page: number): readonly number[] {
  return [0x41, 0, 0x28, 2 | MEMORY_INDEX, ...leb128(page), INTERRUPT_AT];
}

/** A flag beside the alignment: an index of the memory follows. */
const MEMORY_INDEX = 0x40;

/** if, unreachable, end */
const TRAP_IF = [0x04, 0x40, 0x00, 0x0b];
