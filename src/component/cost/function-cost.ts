import { readLocals } from '../instructions.ts';
import { Reader, type Span } from '../reader.ts';
import type { CoreFunctions } from './core-functions.ts';
import { FunctionMeter } from './function-meter.ts';

/**
 * What a function costs V8's compilers beyond its bytes. At each place where control joins or parts, both keep a value
 * for each local and each operand: in Liftoff the state of a label, in TurboFan the inputs of what becomes a phi.
 */
export interface FunctionCost {
  /** Bytes of its body. */
  readonly bytes: number;
  readonly instructions: number;
  /** Parameters and declared locals. */
  readonly locals: number;
  /** The most operands on the stack. */
  readonly height: number;
  /** How deep blocks nest. */
  readonly nesting: number;
  /** Ways to a label: blocks, branches, entries of `br_table`, calls within a `try`, calls that may be inlined. */
  readonly edges: number;
  /** The sum over all edges of locals and operands. */
  readonly slots: number;
  /** The sum over all loops of the locals that are written in them: TurboFan makes a phi of each. */
  readonly loopSlots: number;
  /** The sum of the bytes of all loops: V8 reads each for what it writes, also one that is within another. */
  readonly loopBytes: number;
  /** Values that calls and blocks take and give. */
  readonly values: number;
  /** Values that branches take along, those of `br_table` to each of its labels: V8 checks the type of each. */
  readonly carried: number;
  /** The sum over what may leave to any of the blocks around it, `br_table` and `delegate`, of those: V8 looks at each. */
  readonly outer: number;
  /** Entries of all `br_table`s. */
  readonly tableEntries: number;
  /** The sum over what may collect garbage of the values that may be references then: V8 notes where each of them is. */
  readonly references: number;
  /** Instructions that V8 makes branches of: divisions, conversions that may trap, access to tables, calls through them. */
  readonly checks: number;
}

/**
 * @param body The locals and the code, without the length in front of them.
 * @throws {PluginError} `ERR_INVALID_COMPONENT` at an instruction that is not known or not whole.
 */
export function functionCost(bytes: Uint8Array, body: Span, functions: CoreFunctions, index: number): FunctionCost {
  const reader = new Reader(bytes, body);
  const arity = functions.function(index);
  const declared = readLocals(reader);
  // Of parameters it is not known, and they are few.
  const locals = { count: arity.params + declared.count, references: arity.params + declared.references };
  const meter = new FunctionMeter(reader, functions, locals, arity);
  const { instructions, nesting, edges, slots, loopSlots, loopBytes, values, carried } = meter;
  const { outer, tableEntries, checks, references } = meter;
  return {
    bytes: body.end - body.start,
    locals: locals.count,
    height: meter.maxHeight,
    instructions,
    nesting,
    edges,
    slots,
    loopSlots,
    loopBytes,
    values,
    carried,
    outer,
    tableEntries,
    checks,
    references,
  };
}
