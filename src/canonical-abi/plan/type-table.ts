import { invalidAt } from '../../component/reader.ts';
import type { FuncType, ResourceType, ValueType } from '../../component/types.ts';
import { type Layout, layoutOf, MAX_TYPE_BYTES, recordLayout } from './layout.ts';
import type { Signature, TypeIndex, TypeNode } from './plan.ts';
import { unsupported } from './unsupported.ts';

/**
 * The types of a plan. Equal types get the same index, whatever they are called and wherever they were declared; so
 * comparing indices is type equality, and linear in the objects however often one is shared.
 */
export class TypeTable {
  readonly types: TypeNode[] = [];
  readonly signatures: Signature[] = [];
  readonly layouts: Layout[] = [];
  /** Whether there is a type that only components with async have: then calls in them may wait for each other. */
  concurrent: true | undefined;
  readonly #indices = new Map<ValueType, TypeIndex>();
  readonly #known = new Map<string, number>();
  readonly #resource: (type: ResourceType, offset: number) => number;

  /** @param resource The index of a resource type in the plan. */
  constructor(resource: (type: ResourceType, offset: number) => number) {
    this.#resource = resource;
  }

  /** @throws {PluginError} `ERR_INVALID_COMPONENT` for a type whose values are too large. */
  index(type: ValueType, offset: number): TypeIndex {
    const seen = this.#indices.get(type);
    if (seen !== undefined) return seen;
    const node = this.#node(type, offset);
    const index = this.#intern(node, this.types, () => {
      const layout = layoutOf(node, this.layouts);
      if (layout.size > MAX_TYPE_BYTES) throw invalidAt(offset, 'a type whose values exceed 2^28 bytes');
      this.layouts.push(layout);
    });
    this.#indices.set(type, index);
    return index;
  }

  signature({ async, params, result }: FuncType, offset: number): number {
    if (async) this.concurrent = true;
    const node: Signature = {
      ...(async && { async }),
      params: params.map((param) => this.index(param.type, offset)),
      ...(result !== undefined && { result: this.index(result, offset) }),
    };
    return this.#intern(node, this.signatures);
  }

  /** Whether a function passes streams or futures. */
  passesCopyEnds({ params, result }: Signature): boolean {
    const holds = (index: TypeIndex): boolean => {
      const node = this.types[index]!;
      return node.kind === 'stream' || node.kind === 'future' || partsOf(node).some(holds);
    };
    return [...params, ...(result === undefined ? [] : [result])].some(holds);
  }

  /** The layout of the parameters of a function, which is that of a tuple. */
  params({ params }: Signature): Layout {
    return recordLayout(params.map((index) => this.layouts[index]!));
  }

  /** The type of what a stream or future passes. */
  #element({ kind, element }: Extract<ValueType, { kind: 'stream' | 'future' }>, offset: number): TypeIndex {
    const index = this.index(element!, offset);
    if (this.layouts[index]!.borrows) throw invalidAt(offset, `a ${kind} of borrowed handles`);
    if (kind === 'stream' && element!.kind === 'char') throw invalidAt(offset, 'a stream of characters');
    return index;
  }

  #intern<Node>(node: Node, table: Node[], add?: () => void): number {
    const key = JSON.stringify(node);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    add?.();
    const index = table.push(node) - 1;
    this.#known.set(key, index);
    return index;
  }

  #node(type: ValueType, offset: number): TypeNode {
    const of = (part: ValueType): TypeIndex => this.index(part, offset);
    switch (type.kind) {
      case 'record':
        return { kind: 'record', fields: type.fields.map((field) => ({ name: field.name, type: of(field.type) })) };
      case 'tuple':
        return { kind: 'tuple', elements: type.elements.map(of) };
      case 'variant':
        return {
          kind: 'variant',
          cases: type.cases.map(({ name, type: payload }) => ({
            name,
            ...(payload !== undefined && { type: of(payload) }),
          })),
        };
      case 'list':
        return { kind: 'list', element: of(type.element), ...(type.length !== undefined && { length: type.length }) };
      case 'flags':
        if (type.names.length > 32) throw invalidAt(offset, 'flags with more than 32 labels');
        return { kind: 'flags', names: type.names };
      case 'enum':
        return { kind: 'enum', names: type.names };
      case 'option':
        return { kind: 'option', some: of(type.some) };
      case 'result':
        return {
          kind: 'result',
          ...(type.ok !== undefined && { ok: of(type.ok) }),
          ...(type.error !== undefined && { error: of(type.error) }),
        };
      case 'own':
      case 'borrow':
        return { kind: type.kind, resource: this.#resource(type.resource, offset) };
      case 'stream':
      case 'future':
        this.concurrent = true;
        return { kind: type.kind, ...(type.element !== undefined && { element: this.#element(type, offset) }) };
      case 'map':
      case 'error-context':
        throw unsupported(`it uses the type \`${type.kind}\``);
      default:
        return { kind: type.kind };
    }
  }
}

export function partsOf(node: TypeNode): readonly TypeIndex[] {
  switch (node.kind) {
    case 'record':
      return node.fields.map(({ type }) => type);
    case 'variant':
      return node.cases.flatMap(({ type }) => type ?? []);
    case 'list':
      return [node.element];
    case 'tuple':
      return node.elements;
    case 'option':
      return [node.some];
    case 'result':
      return [node.ok ?? [], node.error ?? []].flat();
    default:
      return [];
  }
}
