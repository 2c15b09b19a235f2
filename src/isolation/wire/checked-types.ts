import type { TypeNode } from '../../canonical-abi/plan/plan.ts';
import type { PrimitiveType } from '../../component/ast.ts';
import { below, type Fields, fields, list, text, whole } from './checked.ts';
import { ProtocolError } from './unpacker.ts';

const SCALARS = [
  'bool',
  's8',
  'u8',
  's16',
  'u16',
  's32',
  'u32',
  's64',
  'u64',
  'f32',
  'f64',
  'char',
  'string',
] as const satisfies readonly PrimitiveType[];

/** More than any type of a component that the parser lets in: whoever walks a type does so on the stack. */
const MAX_LEVELS = 256;

/**
 * The types of what functions pass, of which a child says that they are of a component. Parts come before what they are part of,
 * so that whoever walks a type comes to an end.
 */
export function typeTable(nodes: readonly Fields[]): TypeNode[] {
  const levels: number[] = [];
  return nodes.map((node, index) => {
    let level = 0;
    const type = typeNode(node, (value) => {
      const part = below(value, index);
      level = Math.max(level, levels[part]! + 1);
      return part;
    });
    if (level > MAX_LEVELS) throw new ProtocolError(`a type of more than ${MAX_LEVELS} levels`);
    levels.push(level);
    return type;
  });
}

function typeNode(node: Fields, part: (value: unknown) => number): TypeNode {
  const { kind } = node;
  switch (kind) {
    case 'record':
      return { kind, fields: list(node.fields, (field) => labelled(field, part)) };
    case 'variant':
      return {
        kind,
        cases: list(node.cases, (value) => {
          const { name, type } = fields(value);
          return { name: text(name), ...(type !== undefined && { type: part(type) }) };
        }),
      };
    case 'list':
      return {
        kind,
        element: part(node.element),
        ...(node.length !== undefined && { length: whole(node.length) }),
      };
    case 'tuple':
      return { kind, elements: list(node.elements, part) };
    case 'flags':
    case 'enum':
      return { kind, names: list(node.names, text) };
    case 'option':
      return { kind, some: part(node.some) };
    case 'result':
      return {
        kind,
        ...(node.ok !== undefined && { ok: part(node.ok) }),
        ...(node.error !== undefined && { error: part(node.error) }),
      };
    default: {
      const scalar = SCALARS.find((one) => one === kind);
      if (scalar === undefined) throw new ProtocolError('no type of a value');
      return { kind: scalar };
    }
  }
}

function labelled(value: unknown, part: (value: unknown) => number): { readonly name: string; readonly type: number } {
  const { name, type } = fields(value);
  return { name: text(name), type: part(type) };
}
