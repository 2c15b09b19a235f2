import { copyBytes } from '../../../component/copy-bytes.ts';
import { numberArrayOf } from '../../../component/number-arrays.ts';
import type { Layout } from '../../plan/layout.ts';
import type { TypeNode } from '../../plan/plan.ts';
import type { LiftLowerContext } from '../context.ts';
import { checkList, spendList } from '../lists.ts';
import type { Transfer } from './transfer.ts';
import type { Wire } from './wire.ts';
import { within } from './within.ts';

export function listTransfer(element: TypeNode, transfer: Transfer, layout: Layout): Transfer {
  const { bring, take } = transfer;
  const { alignment, size } = transfer.layout;
  const isNumbers = numberArrayOf(element.kind) !== undefined;

  /** Copies a list of the wire into the guest; returns where it is. */
  const copyIn = (cx: LiftLowerContext, wire: Wire, start: number, length: number): number => {
    const pointer = cx.allocate(alignment, length * size);
    copyBytes(wire.bytes, start, length * size, cx.memory.buffer, pointer);
    if (bring === undefined) return pointer;
    for (let index = 0; index < length; index++) bring(cx, wire, start + index * size, pointer + index * size);
    return pointer;
  };

  return {
    layout,
    bring(cx, wire, from, to) {
      const { view, shift } = wire;
      const pointer = copyIn(cx, wire, view.getUint32(from, true) + shift, view.getUint32(from + 4, true));
      cx.memory.view.setUint32(to, pointer, true);
    },
    take(cx, sink, at) {
      const pointer = sink.view.getUint32(at, true);
      const length = sink.view.getUint32(at + 4, true);
      checkList(cx, pointer, length, transfer.layout);
      spendList(cx, length, size, isNumbers);
      const start = sink.reserve(length * size);
      copyBytes(cx.memory.buffer, pointer, length * size, sink.bytes, start);
      sink.view.setUint32(at, start, true);
      if (take === undefined) return;
      let index = 0;
      try {
        for (; index < length; index++) take(cx, sink, start + index * size);
      } catch (error) {
        throw within(`[${index}]`, error);
      }
    },
    lower(cx, wire, from, flat, at) {
      const { view, shift } = wire;
      const length = view.getUint32(from + 4, true);
      flat[at] = copyIn(cx, wire, view.getUint32(from, true) + shift, length);
      flat[at + 1] = length;
    },
  };
}
