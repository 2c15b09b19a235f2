import { alignTo, fieldOffsets, payloadOffset } from '../../../../src/canonical-abi/plan/layout.ts';
import type { WitType } from './wit-types.ts';

/** `Trap` of the specification. */
export class Trap extends Error {}

function trapIf(condition: boolean, why: string): void {
  if (condition) throw new Trap(why);
}

/**
 * "Loading" as `definitions.py` of the specification has it, by interpreting the type: an oracle that shares nothing
 * with the codecs but the layouts.
 */
export function load(memory: Uint8Array, pointer: number, type: WitType): unknown {
  const { node, parts } = type;
  const int = (at: number, size: number): number => {
    let value = 0;
    for (let index = size - 1; index >= 0; index--) value = value * 256 + memory[at + index]!;
    return value;
  };
  const signed = (size: number): number => {
    const value = int(pointer, size);
    return value >= 2 ** (8 * size - 1) ? value - 2 ** (8 * size) : value;
  };
  const big = (): bigint => BigInt(int(pointer, 4)) | (BigInt(int(pointer + 4, 4)) << 32n);
  const view = new DataView(memory.buffer, memory.byteOffset);
  switch (node.kind) {
    case 'bool':
      return int(pointer, 1) !== 0;
    case 'u8':
      return int(pointer, 1);
    case 'u16':
      return int(pointer, 2);
    case 'u32':
      return int(pointer, 4);
    case 's8':
      return signed(1);
    case 's16':
      return signed(2);
    case 's32':
      return signed(4);
    case 'u64':
      return big();
    case 's64':
      return BigInt.asIntN(64, big());
    case 'f32':
      return view.getFloat32(pointer, true);
    case 'f64':
      return view.getFloat64(pointer, true);
    case 'char':
      return char(int(pointer, 4));
    case 'string': {
      const [begin, length] = [int(pointer, 4), int(pointer + 4, 4)];
      trapIf(begin + length > memory.length, 'a string out of bounds');
      return utf8(memory.subarray(begin, begin + length));
    }
    case 'list': {
      const element = parts[0]!;
      const { size, alignment } = element.layout;
      const [begin, length] = [int(pointer, 4), int(pointer + 4, 4)];
      trapIf(length * size > 2 ** 28 - 1, 'a list too long');
      trapIf(begin !== alignTo(begin, alignment), 'a list not aligned');
      trapIf(begin + length * size > memory.length, 'a list out of bounds');
      return Array.from({ length }, (_, index) => load(memory, begin + index * size, element));
    }
    case 'record': {
      const offsets = fieldOffsets(parts.map(({ layout }) => layout));
      return Object.fromEntries(
        node.fields.map(({ name }, index) => [camel(name), load(memory, pointer + offsets[index]!, parts[index]!)]),
      );
    }
    case 'tuple': {
      const offsets = fieldOffsets(parts.map(({ layout }) => layout));
      return parts.map((part, index) => load(memory, pointer + offsets[index]!, part));
    }
    case 'flags': {
      const bits = int(pointer, type.layout.size);
      return Object.fromEntries(
        node.names.map((name, index) => [camel(name), Math.floor(bits / 2 ** index) % 2 === 1]),
      );
    }
    case 'enum': {
      const index = int(pointer, type.layout.size);
      trapIf(index >= node.names.length, 'a bad discriminant');
      return node.names[index];
    }
    default: {
      const cases = casesOf(type);
      const index = int(pointer, cases.length <= 256 ? 1 : 2);
      trapIf(index >= cases.length, 'a bad discriminant');
      const { tag, payload } = cases[index]!;
      const at = pointer + payloadOffset(cases.map((entry) => entry.payload?.layout));
      const val = payload === undefined ? undefined : load(memory, at, payload);
      if (node.kind === 'option' && parts[0]!.kind !== 'option') return val;
      return payload === undefined ? { tag } : { tag, val };
    }
  }
}

function casesOf({ node, parts }: WitType): readonly { readonly tag: string; readonly payload: WitType | undefined }[] {
  const part = (index: number | undefined): WitType | undefined => (index === undefined ? undefined : parts[index]);
  switch (node.kind) {
    case 'variant':
      return node.cases.map(({ name, type }) => ({ tag: name, payload: part(type) }));
    case 'option':
      return [
        { tag: 'none', payload: undefined },
        { tag: 'some', payload: parts[0] },
      ];
    case 'result':
      return [
        { tag: 'ok', payload: part(node.ok) },
        { tag: 'err', payload: part(node.error) },
      ];
    default:
      throw new Error(`no cases: ${node.kind}`);
  }
}

function char(code: number): string {
  trapIf(code >= 0x110000 || (code >= 0xd800 && code <= 0xdfff), 'a bad char');
  return String.fromCodePoint(code);
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Trap('bad UTF-8');
  }
}

function camel(label: string): string {
  return label.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
