import { readLocals, walkInstructions } from '../component/instructions.ts';
import type { Reader, Span } from '../component/reader.ts';

/**
 * Instructions that run one after the other if the first of them does and none of them traps. A call is one of them:
 * what comes after it belongs to the segment that it is in.
 */
interface Segment {
  /** Where it begins in the file. */
  readonly at: number;
  /** `entry` of the function, `loop`: where each round of one begins. */
  readonly kind: 'entry' | 'loop' | 'plain';
  /** Its instructions, without those that only say how they are nested; to be called is one. */
  readonly cost: number;
}

/** An instruction that may take long by itself: its last operand says how much. */
interface Bulk {
  readonly at: number;
  readonly moves: 'bytes' | 'entries';
}

/** A function, read as far as instrumenting it needs. */
export interface FunctionCode {
  /** The number of its declarations of locals, as it is written, and where they end. */
  readonly declarations: Span;
  readonly declarationCount: number;
  readonly codeStart: number;
  /** Locals beside the parameters. */
  readonly locals: number;
  readonly segments: readonly Segment[];
  /** `short`: it neither calls nor loops, so that it ends in no more steps than it has instructions. */
  readonly runs: 'short' | 'long';
  readonly bulks: readonly Bulk[];
}

/**
 * Reads the body of a function.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT` at an instruction that is not known or not whole.
 */
export function readFunction(body: Reader): FunctionCode {
  const start = body.position;
  const declarationCount = body.u32();
  const declarations = { start, end: body.position };
  body.position = start;
  const { count: locals } = readLocals(body);
  const codeStart = body.position;
  const segments: Segment[] = [];
  const bulks: Bulk[] = [];
  const nesting: ('loop' | 'other')[] = [];
  let at = codeStart;
  let kind: Segment['kind'] = 'entry';
  let cost = 1;
  let runs: FunctionCode['runs'] = 'short';
  /** What the next instruction begins. */
  let next: Segment['kind'] | undefined;
  walkInstructions(body, (first, opcode, position) => {
    if (next !== undefined) {
      segments.push({ at, kind, cost });
      [at, kind, cost, next] = [position, next, 0, undefined];
    }
    switch (first) {
      case BLOCK:
      case TRY:
      case TRY_TABLE:
        nesting.push('other');
        break;
      case LOOP:
        nesting.push('loop');
        runs = 'long';
        next = 'loop';
        break;
      case IF:
        nesting.push('other');
        cost++;
        next = 'plain';
        break;
      case ELSE:
      case CATCH:
      case CATCH_ALL:
        next = 'plain';
        break;
      case DELEGATE:
        nesting.pop();
        next = 'plain';
        break;
      case END:
        // Nothing branches to the end of a loop.
        if (nesting.pop() === 'other') next = 'plain';
        break;
      default:
        cost++;
        if (CALLS.has(first)) runs = 'long';
        if (leaves(first, opcode)) next = 'plain';
    }
    const moves = first === MISCELLANEOUS ? BULK.get(opcode) : undefined;
    if (moves !== undefined) bulks.push({ at: position, moves });
    return false;
  });
  segments.push({ at, kind, cost });
  return { declarations, declarationCount, codeStart, locals, segments, runs, bulks };
}

const BLOCK = 0x02;
const LOOP = 0x03;
const IF = 0x04;
const ELSE = 0x05;
const TRY = 0x06;
const CATCH = 0x07;
const END = 0x0b;
const DELEGATE = 0x18;
const CATCH_ALL = 0x19;
const TRY_TABLE = 0x1f;
const MISCELLANEOUS = 0xfc;
const GARBAGE_COLLECTION = 0xfb;

/** call, call_indirect, return_call, return_call_indirect, call_ref, return_call_ref */
const CALLS: ReadonlySet<number> = new Set([0x10, 0x11, 0x12, 0x13, 0x14, 0x15]);

/** Instructions after which the next one need not run: branches, returns, exceptions, and what never goes on. */
function leaves(first: number, opcode: number): boolean {
  if (first === GARBAGE_COLLECTION) return opcode === 24 || opcode === 25;
  return LEAVING.has(first);
}

// unreachable; throw, rethrow, throw_ref; br, br_if, br_table, return; return_call, return_call_indirect, return_call_ref;
// br_on_null, br_on_non_null
const LEAVING: ReadonlySet<number> = new Set([
  0x00, 0x08, 0x09, 0x0a, 0x0c, 0x0d, 0x0e, 0x0f, 0x12, 0x13, 0x15, 0xd5, 0xd6,
]);

const BULK: ReadonlyMap<number, Bulk['moves']> = new Map([
  // memory.init, memory.copy, memory.fill
  [8, 'bytes'],
  [10, 'bytes'],
  [11, 'bytes'],
  // table.init, table.copy, table.grow, table.fill
  [12, 'entries'],
  [14, 'entries'],
  [15, 'entries'],
  [17, 'entries'],
]);
