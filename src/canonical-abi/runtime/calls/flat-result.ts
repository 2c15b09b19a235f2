import { discriminantSize, type Layout } from '../../plan/layout.ts';
import type { TypeIndex, TypeNode } from '../../plan/plan.ts';
import type { FlatValue } from '../flat-value.ts';
import { assertChar } from '../scalars.ts';
import { badDiscriminant } from '../variants.ts';

/** Writes a result that is one core value as it would lie in memory. */
export type WriteFlat = (view: DataView, at: number, value: FlatValue) => void;

/** For the result of a function, which may be a record of one field, and so on. */
export function flatResultWriter(types: readonly TypeNode[], index: TypeIndex, { size }: Layout): WriteFlat {
  const type = types[leafOf(types, index)]!;
  switch (type.kind) {
    case 'bool':
      return (view, at, value) => view.setUint8(at, Number(value !== 0));
    case 'char':
      return (view, at, value) => {
        assertChar((value as number) >>> 0);
        view.setUint32(at, value as number, true);
      };
    case 's64':
    case 'u64':
      return (view, at, value) => view.setBigInt64(at, value as bigint, true);
    case 'f32':
      return (view, at, value) => view.setFloat32(at, value as number, true);
    case 'f64':
      return (view, at, value) => view.setFloat64(at, value as number, true);
    case 'enum':
      return discriminantWriter(type.names.length);
    case 'variant':
      return discriminantWriter(type.cases.length);
    case 'option':
    case 'result':
      return discriminantWriter(2);
    default:
      return unsignedWriter(size);
  }
}

function discriminantWriter(cases: number): WriteFlat {
  const write = unsignedWriter(discriminantSize(cases));
  return (view, at, value) => {
    const index = (value as number) >>> 0;
    if (index >= cases) throw badDiscriminant(index, cases);
    write(view, at, index);
  };
}

/** High bits that the type lacks do not count. */
function unsignedWriter(size: number): WriteFlat {
  if (size === 1) return (view, at, value) => view.setUint8(at, value as number);
  if (size === 2) return (view, at, value) => view.setUint16(at, value as number, true);
  return (view, at, value) => view.setUint32(at, value as number, true);
}

/** What is the one core value of a type. */
function leafOf(types: readonly TypeNode[], index: TypeIndex): TypeIndex {
  const type = types[index]!;
  if (type.kind === 'record') return leafOf(types, type.fields[0]!.type);
  if (type.kind === 'tuple') return leafOf(types, type.elements[0]!);
  return type.kind === 'list' ? leafOf(types, type.element) : index;
}
