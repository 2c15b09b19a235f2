import { copyBytes } from '../../../component/copy-bytes.ts';
import { discriminantSize, type Layout } from '../../plan/layout.ts';
import type { TypeNode } from '../../plan/plan.ts';
import type { FlatValue } from '../flat-value.ts';
import { assertChar } from '../scalars.ts';
import { checkText, validateUtf8 } from '../strings.ts';
import { badDiscriminant } from '../variants.ts';
import type { Transfer } from './transfer.ts';

type Read = (view: DataView, at: number) => FlatValue;

const u8: Read = (view, at) => view.getUint8(at);
const u16: Read = (view, at) => view.getUint16(at, true);
const u32: Read = (view, at) => view.getUint32(at, true);

const READS: Readonly<Record<string, Read>> = {
  bool: u8,
  s8: (view, at) => view.getInt8(at),
  u8,
  s16: (view, at) => view.getInt16(at, true),
  u16,
  s32: (view, at) => view.getInt32(at, true),
  u32,
  char: u32,
  s64: (view, at) => view.getBigInt64(at, true),
  u64: (view, at) => view.getBigUint64(at, true),
  f32: (view, at) => view.getFloat32(at, true),
  f64: (view, at) => view.getFloat64(at, true),
};

/** The transfer of a type that is one core value; undefined for others. */
export function scalarTransfer(type: TypeNode, layout: Layout): Transfer | undefined {
  if (type.kind === 'enum') return enumTransfer(type.names.length, layout);
  const read = type.kind === 'flags' ? unsignedOf(layout.size) : READS[type.kind];
  if (read === undefined) return undefined;
  const take: Transfer['take'] = (_cx, { view }, at) => assertChar(view.getUint32(at, true));
  return { ...plain(read, layout), take: type.kind === 'char' ? take : undefined };
}

function plain(read: Read, layout: Layout): Transfer {
  return {
    layout,
    bring: undefined,
    take: undefined,
    lower(_cx, { view }, from, flat, at) {
      flat[at] = read(view, from);
    },
  };
}

function enumTransfer(cases: number, layout: Layout): Transfer {
  const read = unsignedOf(discriminantSize(cases));
  return {
    ...plain(read, layout),
    take(_cx, { view }, at) {
      const index = read(view, at) as number;
      if (index >= cases) throw badDiscriminant(index, cases);
    },
  };
}

/** Reads 1, 2 or 4 bytes. */
export function unsignedOf(size: number): Read {
  return size === 1 ? u8 : size === 2 ? u16 : u32;
}

export function stringTransfer(layout: Layout): Transfer {
  return {
    layout,
    bring(cx, { bytes, view, shift }, from, to) {
      const length = view.getUint32(from + 4, true);
      const pointer = cx.allocate(1, length);
      copyBytes(bytes, view.getUint32(from, true) + shift, length, cx.memory.buffer, pointer);
      cx.memory.view.setUint32(to, pointer, true);
    },
    take(cx, sink, at) {
      const pointer = sink.view.getUint32(at, true);
      const length = sink.view.getUint32(at + 4, true);
      checkText(cx, pointer, 1, length);
      validateUtf8(cx.memory, pointer, pointer + length);
      const text = sink.reserve(length);
      copyBytes(cx.memory.buffer, pointer, length, sink.bytes, text);
      sink.view.setUint32(at, text, true);
    },
    lower(cx, { bytes, view, shift }, from, flat, at) {
      const length = view.getUint32(from + 4, true);
      const pointer = cx.allocate(1, length);
      copyBytes(bytes, view.getUint32(from, true) + shift, length, cx.memory.buffer, pointer);
      flat[at] = pointer;
      flat[at + 1] = length;
    },
  };
}
