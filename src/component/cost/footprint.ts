import { createHash } from 'node:crypto';
import type { CoreModule } from '../core-ast.ts';
import { recType } from '../core-types.ts';
import { SECTION, sectionReader } from '../section-edits.ts';
import type { FunctionCost } from './function-cost.ts';

/** What a component takes of what all engines of a process share. */
export interface Footprint {
  /** Its core types, a number for each that differs from all others: V8 keeps one for as long as the process lives. */
  readonly types: readonly number[];
  /** Bytes of machine code that V8 may come to make of it; it can hold 4 GiB in all. */
  readonly codeBytes: number;
}

/** Machine code for a byte of WebAssembly, by both compilers together; interpreters come to three. */
const CODE_PER_BYTE = 4;
/** A store of a constant, where states of locals are merged. */
const CODE_PER_SLOT = 10;
/** Real code has up to four branch slots for each byte, whose locals mostly are where they should be already. */
const FREE_SLOTS_PER_BYTE = 4;
/** A value that a call takes or gives is moved to or from the stack. */
const CODE_PER_VALUE = 8;

/** The machine code that a function may become. */
export function codeBytesOf({ bytes, slots, values }: FunctionCost): number {
  return (
    CODE_PER_BYTE * bytes + CODE_PER_SLOT * Math.max(0, slots - FREE_SLOTS_PER_BYTE * bytes) + CODE_PER_VALUE * values
  );
}

/** Of 52 bits, as a number has room for: who looks for types that collide finds a few among millions. */
const DIGEST_DIGITS = 13;
/** `ref null`, `ref`, `sub`, `sub final`: bytes of a type that may refer to others, by numbers of its own module. */
const REFERRING = [0x63, 0x64, 0x50, 0x4f];

/**
 * Numbers for the core types that a module defines. Types that are equal have equal numbers, in whichever module; one
 * that may refer to others has that of its module up to there, since what it refers to is part of it.
 */
export function* coreTypesOf(bytes: Uint8Array, module: CoreModule): Generator<number> {
  const section = sectionReader(bytes, module, SECTION.type);
  if (section.done) return;
  const before = createHash('sha256');
  const count = section.u32();
  for (let index = 0; index < count; index++) {
    const start = section.position;
    const { length } = recType(section);
    const group = bytes.subarray(start, section.position);
    before.update(group);
    const refers = length > 1 || REFERRING.some((byte) => group.includes(byte));
    const hash = refers ? before.copy() : createHash('sha256').update(group);
    const first = Number.parseInt(hash.digest('hex').slice(0, DIGEST_DIGITS), 16);
    for (let place = 0; place < length; place++) yield first + place;
  }
}
