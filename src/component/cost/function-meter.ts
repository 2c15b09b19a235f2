import { blockType, type Locals, readHandlers, walkInstructions } from '../instructions.ts';
import type { Reader } from '../reader.ts';
import type { Arity, CoreFunctions } from './core-functions.ts';
import { stackEffect } from './stack-effects.ts';

/** A block that is open. */
interface Frame {
  readonly kind: 'block' | 'loop' | 'if' | 'try';
  readonly arity: Arity;
  /** Operands below it. */
  readonly base: number;
  readonly start: number;
  /** Instructions before it that wrote a local. */
  readonly writes: number;
}

const BLOCK_KINDS = new Map<number, Frame['kind']>([
  [0x02, 'block'],
  [0x03, 'loop'],
  [0x04, 'if'],
  [0x06, 'try'],
  [0x1f, 'try'],
]);

/** Counts what a function costs, in one pass over its body. */
export class FunctionMeter {
  readonly #reader: Reader;
  readonly #functions: CoreFunctions;
  readonly #frames: Frame[] = [];
  readonly #locals: number;
  /** Locals that may be references. */
  readonly #referring: number;
  #height = 0;
  /** Blocks that are open and in which a call may throw to a handler. */
  #tries = 0;
  #writes = 0;
  instructions = 0;
  maxHeight = 0;
  nesting = 0;
  edges = 0;
  slots = 0;
  loopSlots = 0;
  loopBytes = 0;
  values = 0;
  carried = 0;
  outer = 0;
  tableEntries = 0;
  checks = 0;
  references = 0;

  constructor(reader: Reader, functions: CoreFunctions, locals: Locals, arity: Arity) {
    this.#reader = reader;
    this.#functions = functions;
    this.#locals = locals.count;
    this.#referring = locals.references;
    this.#open('block', { params: 0, results: arity.results });
    // Its end leads to where a `return` does.
    this.carried = arity.results;
    walkInstructions(reader, (first, opcode, start) => this.#visit(first, opcode, start));
  }

  #visit(first: number, opcode: number, start: number): boolean {
    this.instructions++;
    if (first >= 0xfb) {
      if (first === GC) this.#edge(1);
      this.#plain(first, opcode);
      if (first !== GC && (first !== MISCELLANEOUS || opcode < FIRST_BULK)) return false;
      this.checks++;
      this.#collect();
      // It becomes a call where it may be long; see `src/instrumentation`.
      if (this.#tries > 0) this.#edge(1);
      return false;
    }
    if (first >= 0x20 && first < 0xd5) {
      if (first === LOCAL_SET || first === LOCAL_TEE) this.#writes++;
      if (CHECKED[first] === 1) this.checks++;
      this.#plain(first, opcode);
      if (COLLECTS.has(first)) this.#collect();
      return false;
    }
    switch (first) {
      case 0x00: // unreachable
      case 0x08: // throw
      case 0x09: // rethrow
      case 0x0a: // throw_ref
        if (this.#tries > 0) this.#edge(1);
        this.#leave();
        return false;
      case 0x02:
      case 0x03:
      case 0x04:
      case 0x06:
        this.#block(BLOCK_KINDS.get(first)!, start);
        return true;
      case 0x1f: // try_table: its handlers, which are labels, follow
        this.#handlers(start);
        return true;
      case 0x05: // else
      case 0x07: // catch
      case 0x19: // catch_all
        this.#otherwise();
        return false;
      case 0x18: // delegate
        this.outer += this.#frames.length;
        this.#close(start);
        return false;
      case 0x0b: // end
        this.#close(start);
        return false;
      case 0x0c: // br
        this.#branch(this.#reader.u32());
        this.#leave();
        return true;
      case 0x0f: // return
        this.#branch(this.#frames.length - 1);
        this.#leave();
        return false;
      case 0x0d: // br_if
        this.#move(1, 0);
        this.#branch(this.#reader.u32());
        return true;
      case 0x0e:
        return this.#table();
      case 0x10:
        return this.#call(this.#functions.function(this.#reader.u32()), 0, 'stay');
      case 0x11:
        return this.#callIndirect('stay');
      case 0x12:
        return this.#call(this.#functions.function(this.#reader.u32()), 0, 'leave');
      case 0x13:
        return this.#callIndirect('leave');
      case 0x14:
      case 0x15:
        this.checks++;
        this.#edge(1);
        return this.#call(this.#functions.type(this.#reader.u32()), 1, first === 0x14 ? 'stay' : 'leave');
      case 0xd5: // br_on_null
      case 0xd6: // br_on_non_null
        this.#branch(this.#reader.u32());
        this.#plain(first, opcode);
        return true;
    }
    this.#plain(first, opcode);
    return false;
  }

  #plain(first: number, opcode: number): void {
    const effect = stackEffect(first, opcode);
    this.#move(effect >> 4, effect & 15);
  }

  /** In code that cannot be reached, operands may be taken that are not there. */
  #move(takes: number, puts: number): void {
    const { base } = this.#frames.at(-1)!;
    this.#height = Math.max(this.#height - takes, base) + puts;
    if (this.#height > this.maxHeight) this.maxHeight = this.#height;
  }

  /** Garbage may be collected here. Which operands are references is not known: few are there in what compilers emit. */
  #collect(): void {
    this.references += this.#referring + this.#height;
  }

  #edge(count: number): void {
    this.edges += count;
    this.slots += count * (this.#locals + this.#height);
  }

  /** @param depth How many blocks are left out; one that does not exist takes nothing, and the validator will say so. */
  #branch(depth: number): void {
    this.#edge(1);
    this.#carry(depth);
  }

  #carry(depth: number): void {
    const frame = this.#frames.at(-1 - depth);
    if (frame !== undefined) this.carried += frame.kind === 'loop' ? frame.arity.params : frame.arity.results;
  }

  #handlers(start: number): void {
    const outside = this.#frames.length;
    this.#block('try', start);
    const labels = readHandlers(this.#reader);
    this.#edge(labels.length);
    // Labels of handlers are counted from outside of the block.
    for (const label of labels) this.#carry(label + this.#frames.length - outside);
  }

  #block(kind: Frame['kind'], start: number): void {
    const type = blockType(this.#reader);
    const arity =
      typeof type === 'number' ? this.#functions.type(type) : { params: 0, results: type === 'none' ? 0 : 1 };
    if (kind === 'if') this.#move(1, 0);
    this.values += arity.params + arity.results;
    this.#move(arity.params, 0);
    this.#open(kind, arity, start);
    this.#move(0, arity.params);
    this.#edge(1);
    if (kind === 'loop') this.#collect();
  }

  #open(kind: Frame['kind'], arity: Arity, start = 0): void {
    this.#frames.push({ kind, arity, base: this.#height, start, writes: this.#writes });
    if (this.#frames.length > this.nesting) this.nesting = this.#frames.length;
    if (kind === 'try') this.#tries++;
  }

  #otherwise(): void {
    const { arity, base } = this.#frames.at(-1)!;
    this.#height = base;
    // What a tag carries is bounded as parameters are; it has no more edges than its `try` has handlers.
    this.#move(0, arity.params);
    this.#edge(1);
  }

  #close(end: number): void {
    // The last one is that of the function: what comes after it is not valid.
    const frame = this.#frames.length > 1 ? this.#frames.pop()! : this.#frames.at(-1)!;
    const { kind, arity, base, start, writes } = frame;
    if (kind === 'try') this.#tries--;
    if (kind === 'loop') {
      this.loopBytes += end - start;
      this.loopSlots += Math.min(this.#locals, this.#writes - writes);
    }
    this.#height = base;
    this.#move(0, arity.results);
    this.#edge(1);
  }

  /** The code up to the end of the block cannot be reached. */
  #leave(): void {
    this.#height = this.#frames.at(-1)!.base;
  }

  #table(): true {
    const labels = this.#reader.vec('labels', () => this.#reader.u32());
    const entries = labels.length + 1;
    this.#move(1, 0);
    for (const label of labels) this.#carry(label);
    this.#carry(this.#reader.u32());
    this.tableEntries += entries;
    this.outer += this.#frames.length;
    this.#edge(entries);
    this.#leave();
    return true;
  }

  #callIndirect(after: 'stay' | 'leave'): true {
    const type = this.#functions.type(this.#reader.u32());
    this.#reader.u32();
    // V8 may inline what is called most, and keeps all that is live for when it guessed wrong.
    this.checks++;
    this.#edge(1);
    return this.#call(type, 1, after);
  }

  #call({ params, results }: Arity, callee: 0 | 1, after: 'stay' | 'leave'): true {
    this.values += params + results;
    if (this.#tries > 0) this.#edge(1);
    this.#move(params + callee, 0);
    this.#collect();
    this.#move(0, results);
    if (after === 'leave') this.#leave();
    return true;
  }
}

const GC = 0xfb;
const MISCELLANEOUS = 0xfc;
/** `memory.init`; before it are conversions that do not trap. */
const FIRST_BULK = 8;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;

/** table.get, table.set; memory.grow. */
const COLLECTS: ReadonlySet<number> = new Set([0x25, 0x26, 0x40]);

/** table.get, table.set; memory.grow; division and remainder of i32, of i64; conversions of floats that trap. */
const CHECKED = Uint8Array.from({ length: 0x100 }, (_, opcode) =>
  Number(
    [0x25, 0x26, 0x40].includes(opcode) ||
      [
        [0x6d, 0x70],
        [0x7f, 0x82],
        [0xa8, 0xab],
        [0xae, 0xb1],
      ].some(([first, last]) => opcode >= first! && opcode <= last!),
  ),
);
