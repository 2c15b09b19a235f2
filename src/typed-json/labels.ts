import type { TypeIndex, TypeNode } from '../canonical-abi/plan/plan.ts';
import { lowerCamel } from '../component/js-names.ts';

/** The parts of a type by their names in JSON; undefined for a part that has no value. */
export type Labels = ReadonlyMap<string, TypeIndex | undefined>;

type LabelledType = Extract<TypeNode, { kind: 'record' | 'flags' | 'enum' | 'variant' | 'option' | 'result' }>;

const known = new WeakMap<TypeNode, Labels>();

/**
 * What the parts of a type are called. Made once for each type: a component may have a hundred thousand of them, and whoever calls it
 * may send a list of as many values.
 */
export function labelsOf(type: LabelledType): Labels {
  let labels = known.get(type);
  if (labels === undefined) {
    labels = new Map(entriesOf(type));
    known.set(type, labels);
  }
  return labels;
}

function entriesOf(type: LabelledType): (readonly [name: string, type: TypeIndex | undefined])[] {
  switch (type.kind) {
    case 'record':
      return type.fields.map((field) => [lowerCamel(field.name), field.type]);
    case 'flags':
      return type.names.map((name) => [lowerCamel(name), undefined]);
    case 'enum':
      return type.names.map((name) => [name, undefined]);
    case 'variant':
      return type.cases.map((entry) => [entry.name, entry.type]);
    case 'option':
      return [
        ['none', undefined],
        ['some', type.some],
      ];
    case 'result':
      return [
        ['ok', type.ok],
        ['err', type.error],
      ];
  }
}
