import { type Layout, layoutsOf } from '../plan/layout.ts';
import type { TypeNode } from '../plan/plan.ts';
import type { Boundary, Codec } from './codec.ts';
import { borrowCodec, copyEndCodec, ownCodec } from './handle-codecs.ts';
import { arrayCodec, listCodec } from './lists.ts';
import { lowerCamel } from './names.ts';
import { recordCodec, tupleCodec } from './records.ts';
import { flagsCodec, scalarCodec, stringTypeCodec } from './scalars.ts';
import { enumCodec, optionCodec, resultCodec, variantCodec } from './variants.ts';

/** The codec of every type of a plan, by its index. */
export function codecsOf(types: readonly TypeNode[], boundary: Boundary): readonly Codec[] {
  const layouts = layoutsOf(types);
  const codecs: Codec[] = [];
  for (const [index, type] of types.entries())
    codecs.push(codecOf(index, type, layouts[index]!, types, codecs, boundary));
  return codecs;
}

function codecOf(
  index: number,
  type: TypeNode,
  layout: Layout,
  types: readonly TypeNode[],
  codecs: readonly Codec[],
  boundary: Boundary,
): Codec {
  const of = (index: number): Codec => codecs[index]!;
  const optional = (index: number | undefined): Codec | undefined => (index === undefined ? undefined : of(index));
  const key = boundary === 'host' ? lowerCamel : (label: string) => label;
  switch (type.kind) {
    case 'string':
      return stringTypeCodec(layout);
    case 'record':
      return recordCodec(
        type.fields.map(({ name }) => key(name)),
        type.fields.map((field) => of(field.type)),
        layout,
      );
    case 'tuple':
      return tupleCodec(type.elements.map(of), layout);
    case 'list': {
      const { element, length } = type;
      if (length !== undefined) return arrayCodec(of(element), length, layout);
      return listCodec(types[element]!, of(element), layout);
    }
    case 'variant':
      return variantCodec(
        type.cases.map((entry) => ({ name: entry.name, codec: optional(entry.type) })),
        layout,
      );
    case 'enum':
      return enumCodec(type.names, layout);
    case 'option':
      return optionCodec(of(type.some), types[type.some]!.kind === 'option', layout);
    case 'result':
      return resultCodec(optional(type.ok), optional(type.error), layout);
    case 'flags':
      return flagsCodec(type.names.map(key), layout);
    case 'own':
      return ownCodec(type.resource, boundary, layout);
    case 'borrow':
      return borrowCodec(type.resource, boundary, layout);
    case 'stream':
    case 'future':
      return copyEndCodec(type.kind, index, boundary, layout);
    default:
      return scalarCodec(type, layout)!;
  }
}
