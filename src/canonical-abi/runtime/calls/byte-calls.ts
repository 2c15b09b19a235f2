import { copyBytes } from '../../../component/copy-bytes.ts';
import { exportedLifts, passesBytes } from '../../plan/exported-lifts.ts';
import { MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, recordLayout } from '../../plan/layout.ts';
import type { BindingPlan, Signature, TypeNode } from '../../plan/plan.ts';
import { call } from '../call.ts';
import type { LiftLowerContext } from '../context.ts';
import { enter, leave } from '../entering.ts';
import type { FlatValue } from '../flat-value.ts';
import { afterReturn, type LiftedFunction } from '../functions.ts';
import { unsigned } from '../scalars.ts';
import { flatResultWriter } from './flat-result.ts';
import { recordTransfer } from './record-transfer.ts';
import type { Transfer } from './transfer.ts';
import { transfersOf } from './transfers.ts';
import { NoRoom, type Wire, type WireSink } from './wire.ts';
import { withPath } from './within.ts';

/**
 * A function of one instance, on bytes. What it throws is a fault.
 *
 * @param larger Makes a sink that has room for any result.
 * @returns The sink that has the result: the given one, or a larger one.
 */
export type ByteCall = (wire: Wire, sink: WireSink, larger: () => WireSink) => WireSink;

/** How a function passes what it takes and gives, for all instances. */
interface BytePassing {
  lowerParams(cx: LiftLowerContext, wire: Wire): FlatValue[];
  takeResult(cx: LiftLowerContext, returned: FlatValue | undefined, sink: WireSink): void;
  readonly hasResult: boolean;
}

/** The functions of a component that take and give bytes, by their numbers; see `exportedLifts`. Made as they are called. */
export class ByteCalls {
  readonly #plan: BindingPlan;
  readonly #lifts: ReturnType<typeof exportedLifts>;
  readonly #transfers: readonly (Transfer | undefined)[];
  readonly #passings: (BytePassing | undefined)[] = [];

  constructor(plan: BindingPlan) {
    this.#plan = plan;
    this.#lifts = exportedLifts(plan);
    this.#transfers = transfersOf(plan.types);
  }

  /** The function of an instance. It has been checked that it passes bytes, and no resources. */
  bind(number: number, lifted: LiftedFunction): ByteCall {
    const { types, signatures } = this.#plan;
    const { lift } = this.#lifts[number]!;
    this.#passings[number] ??= bytePassing(signatures[lift.signature]!, types, this.#transfers);
    return bound(lifted, this.#passings[number]!);
  }

  lift(number: number): ReturnType<typeof exportedLifts>[number] {
    const found = this.#lifts[number]!;
    if (!passesBytes(this.#plan, found.lift)) throw new Error('A function that passes no bytes was called with them');
    return found;
  }
}

/** What `liftedForHost` does, in the same order. */
function bound({ core, cx, postReturn, entering }: LiftedFunction, passing: BytePassing): ByteCall {
  const { store, instance, memory } = cx;
  return (wire, sink, larger) => {
    enter(entering);
    store.threadStorage?.begin();
    memory.refresh();
    const returned = call(core, passing.lowerParams(cx, wire));
    memory.refresh();
    const taken = takeResult(cx, passing, returned, sink, larger);
    if (postReturn !== undefined) afterReturn(instance, postReturn, passing, returned);
    store.rethrow();
    leave(entering);
    return taken;
  };
}

function takeResult(
  cx: LiftLowerContext,
  passing: BytePassing,
  returned: FlatValue | undefined,
  sink: WireSink,
  larger: () => WireSink,
): WireSink {
  cx.store.beginLifting();
  try {
    passing.takeResult(cx, returned, sink);
    return sink;
  } catch (error) {
    if (!(error instanceof NoRoom)) throw withPath(error);
  }
  return takeResult(cx, passing, returned, larger(), larger);
}

function bytePassing(
  { params, result }: Signature,
  types: readonly TypeNode[],
  transfers: readonly (Transfer | undefined)[],
): BytePassing {
  const parts = params.map((index) => transfers[index]!);
  const tuple = recordTransfer([], parts, recordLayout(parts.map(({ layout }) => layout)));
  const lowerParams = tuple.layout.flat === undefined ? spilled(tuple) : flattened(tuple);
  if (result === undefined) return { lowerParams, hasResult: false, takeResult() {} };
  const transfer = transfers[result]!;
  const flatResults = transfer.layout.flat?.length ?? MAX_FLAT_PARAMS;
  if (flatResults > MAX_FLAT_RESULTS) return { lowerParams, hasResult: true, takeResult: takeFromMemory(transfer) };
  const { size } = transfer.layout;
  const write = flatResultWriter(types, result, transfer.layout);
  return {
    lowerParams,
    hasResult: true,
    takeResult(_cx, returned, sink) {
      const at = sink.reserve(size);
      write(sink.view, at, returned!);
    },
  };
}

function flattened(tuple: Transfer): BytePassing['lowerParams'] {
  return (cx, wire) => {
    const flat: FlatValue[] = [];
    tuple.lower(cx, wire, wire.at, flat, 0);
    return flat;
  };
}

function spilled({ layout: { alignment, size }, bring }: Transfer): BytePassing['lowerParams'] {
  return (cx, wire) => {
    const pointer = cx.allocate(alignment, size);
    copyBytes(wire.bytes, wire.at, size, cx.memory.buffer, pointer);
    bring?.(cx, wire, wire.at, pointer);
    return [pointer];
  };
}

function takeFromMemory({ layout: { alignment, size }, take }: Transfer): BytePassing['takeResult'] {
  return (cx, returned, sink) => {
    const pointer = unsigned(returned);
    cx.check(pointer, alignment, size, 'the result');
    const at = sink.reserve(size);
    copyBytes(cx.memory.buffer, pointer, size, sink.bytes, at);
    take?.(cx, sink, at);
  };
}
