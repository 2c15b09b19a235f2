import type { Buffer } from 'node:buffer';
import { type ExportedLift, exportedLifts, passesBytes } from '../../plan/exported-lifts.ts';
import { recordLayout } from '../../plan/layout.ts';
import type { BindingPlan, Signature, TypeNode } from '../../plan/plan.ts';
import type { Codec } from '../codec.ts';
import { codecsOf } from '../codecs.ts';
import { Misfit, misfit } from '../misfit.ts';
import { tupleCodec } from '../records.ts';
import { putInto } from './put-into.ts';
import { WireContext } from './wire-context.ts';

/** Arguments as they cross into a worker: see `Wire`. */
export interface WireArguments {
  readonly bytes: Buffer;
  /** Where they begin, with the tuple of them. */
  readonly from: number;
  readonly end: number;
}

/** Makes bytes of the arguments of one function, and a value of the bytes of its result. */
export class CallCodec {
  /** By which a worker knows the function. */
  readonly number: number;
  readonly #signature: Signature;
  readonly #types: readonly TypeNode[];
  readonly #params: Codec;
  readonly #result: Codec | undefined;

  constructor(number: number, signature: Signature, types: readonly TypeNode[], codecs: readonly Codec[]) {
    this.number = number;
    this.#signature = signature;
    this.#types = types;
    const params = signature.params.map((index) => codecs[index]!);
    this.#params = tupleCodec(params, recordLayout(params.map(({ layout }) => layout)));
    this.#result = signature.result === undefined ? undefined : codecs[signature.result]!;
  }

  /** @throws {Misfit} for arguments of other types, with words for where that is; and what getters of theirs throw. */
  encode(args: readonly unknown[]): WireArguments {
    // Taken while it is in use: a getter of an argument may call as well.
    const cx = arena?.isRoomy ? arena : new WireContext();
    arena = undefined;
    const { alignment, size } = this.#params.layout;
    try {
      cx.begin();
      this.#params.store(cx, args, cx.allocate(alignment, size));
      return cx.taken;
    } catch (error) {
      const where = error instanceof TypeError ? this.#misfitOf(args) : undefined;
      throw where === undefined ? error : new Misfit(where);
    } finally {
      cx.finish();
      arena = cx;
    }
  }

  /** The arguments that were encoded. */
  argumentsOf({ bytes, from }: WireArguments): readonly unknown[] {
    return this.#params.load(contextOf(bytes.buffer), from) as readonly unknown[];
  }

  /** @param at Where in the memory a worker has put the result. */
  decode(buffer: ArrayBufferLike, at: number): unknown {
    return this.#result?.load(contextOf(buffer), at);
  }

  /** The same of a function that returns bytes, or a `result` of them, which are put into memory of the caller's where they fit. */
  decodeInto(buffer: ArrayBufferLike, at: number, into: Uint8Array): unknown {
    const { result: index } = this.#signature;
    const isResult = index !== undefined && this.#types[index]!.kind === 'result';
    const view = new DataView(buffer);
    if (isResult && view.getUint8(at) !== OK) return this.decode(buffer, at);
    // The payload of a result lies where its alignment has it, behind a byte that tells which it is.
    const list = isResult ? at + this.#result!.layout.alignment : at;
    const length = view.getUint32(list + POINTER_BYTES, true);
    const bytes = putInto(into, new Uint8Array(buffer, view.getUint32(list, true), length));
    if (bytes === undefined) return this.decode(buffer, at);
    return isResult ? { tag: 'ok', val: bytes } : bytes;
  }

  #misfitOf(args: readonly unknown[]): string | undefined {
    for (const [at, type] of this.#signature.params.entries()) {
      const found = misfit(this.#types, type, args[at], `args[${at}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** The discriminant of `ok`. */
const OK = 0;
/** The length of a list follows its pointer. */
const POINTER_BYTES = 4;

/** The codec of each function that a component exports and that passes bytes, by its interface and name. */
export class CallCodecs {
  readonly #plan: BindingPlan;
  readonly #numbers = new Map<string, number>();
  readonly #lifts: readonly ExportedLift[];
  readonly #made: (CallCodec | undefined)[] = [];
  #codecs: readonly Codec[] | undefined;

  constructor(plan: BindingPlan) {
    this.#plan = plan;
    this.#lifts = exportedLifts(plan);
    for (const [number, { interface: owner, name }] of this.#lifts.entries())
      this.#numbers.set(key(owner, name), number);
  }

  /** Undefined for a function that passes no bytes. */
  find(owner: string | undefined, name: string): CallCodec | undefined {
    const number = this.#numbers.get(key(owner, name));
    if (number === undefined) return undefined;
    const { types, signatures } = this.#plan;
    const { lift } = this.#lifts[number]!;
    if (!passesBytes(this.#plan, lift)) return undefined;
    this.#codecs ??= codecsOf(types, 'host');
    this.#made[number] ??= new CallCodec(number, signatures[lift.signature]!, types, this.#codecs);
    return this.#made[number];
  }
}

function key(owner: string | undefined, name: string): string {
  return owner === undefined ? name : `${owner}#${name}`;
}

/** What small calls are put together in, one after the other. */
let arena: WireContext | undefined;

const contexts = new WeakMap<ArrayBufferLike, WireContext>();

function contextOf(buffer: ArrayBufferLike): WireContext {
  let context = contexts.get(buffer);
  if (context === undefined) {
    context = new WireContext(buffer);
    contexts.set(buffer, context);
  }
  return context;
}
