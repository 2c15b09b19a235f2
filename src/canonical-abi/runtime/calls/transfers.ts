import { type Layout, layoutsOf } from '../../plan/layout.ts';
import type { TypeIndex, TypeNode } from '../../plan/plan.ts';
import { lowerCamel } from '../names.ts';
import { listTransfer } from './list-transfers.ts';
import { recordTransfer } from './record-transfer.ts';
import { scalarTransfer, stringTransfer } from './scalar-transfers.ts';
import type { Transfer } from './transfer.ts';
import { variantTransfer } from './variant-transfer.ts';

/** The transfer of every type of a plan, by its index; undefined for what cannot leave its thread. */
export function transfersOf(types: readonly TypeNode[]): readonly (Transfer | undefined)[] {
  const layouts = layoutsOf(types);
  const transfers: (Transfer | undefined)[] = [];
  for (const [index, type] of types.entries()) transfers.push(transferOf(type, layouts[index]!, types, transfers));
  return transfers;
}

function transferOf(
  type: TypeNode,
  layout: Layout,
  types: readonly TypeNode[],
  transfers: readonly (Transfer | undefined)[],
): Transfer | undefined {
  const parts = partsOf(type);
  // A part that is a resource makes the whole one.
  if (parts.some((part) => part !== undefined && transfers[part] === undefined)) return undefined;
  const of = (index: TypeIndex | undefined): Transfer | undefined =>
    index === undefined ? undefined : transfers[index]!;
  const all = parts.map((part) => of(part)!);
  switch (type.kind) {
    case 'string':
      return stringTransfer(layout);
    case 'record':
      return recordTransfer(
        type.fields.map(({ name }) => lowerCamel(name)),
        all,
        layout,
      );
    case 'tuple':
      return recordTransfer(
        all.map((_, index) => `[${index}]`),
        all,
        layout,
      );
    case 'list': {
      const element = of(type.element)!;
      if (type.length === undefined) return listTransfer(types[type.element]!, element, layout);
      const elements = Array.from({ length: type.length }, () => element);
      return recordTransfer(
        elements.map((_, index) => `[${index}]`),
        elements,
        layout,
      );
    }
    case 'variant':
      return variantTransfer(
        type.cases.map(({ type: payload }) => of(payload)),
        layout,
        'val',
      );
    case 'option': {
      const isTagged = types[type.some]!.kind === 'option';
      return variantTransfer([undefined, of(type.some)], layout, isTagged ? 'val' : '');
    }
    case 'result':
      return variantTransfer([of(type.ok), of(type.error)], layout, 'val');
    case 'own':
    case 'borrow':
      return undefined;
    default:
      return scalarTransfer(type, layout);
  }
}

function partsOf(type: TypeNode): readonly (TypeIndex | undefined)[] {
  switch (type.kind) {
    case 'record':
      return type.fields.map((field) => field.type);
    case 'tuple':
      return type.elements;
    case 'list':
      return [type.element];
    case 'variant':
      return type.cases.map((entry) => entry.type);
    case 'option':
      return [type.some];
    case 'result':
      return [type.ok, type.error];
    default:
      return [];
  }
}
