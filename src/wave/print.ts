import { lowerCamel } from '../component/js-names.ts';
import type { ValueType } from '../component/types.ts';

/** Writes a value that `engine.call` gave, in WAVE. */
export function printWave(value: unknown, type: ValueType): string {
  switch (type.kind) {
    case 'string':
      return `"${escaped(value as string, '"')}"`;
    case 'char':
      return `'${escaped(value as string, "'")}'`;
    case 'f32':
    case 'f64':
      return printFloat(value as number);
    case 'record': {
      const fields = type.fields.flatMap(({ name, type: field }) => {
        const own = (value as Record<string, unknown>)[lowerCamel(name)];
        return field.kind === 'option' && own === undefined ? [] : [`${name}: ${printWave(own, field)}`];
      });
      // `{}` is the flags of which none is set.
      return fields.length === 0 ? '{:}' : `{${fields.join(', ')}}`;
    }
    case 'tuple':
      return `(${type.elements.map((element, at) => printWave((value as unknown[])[at], element)).join(', ')})`;
    case 'list':
      return `[${Array.from(value as ArrayLike<unknown>, (item) => printWave(item, type.element)).join(', ')}]`;
    case 'flags':
      return `{${type.names.filter((name) => (value as Record<string, boolean>)[lowerCamel(name)]).join(', ')}}`;
    case 'option':
      if (type.some.kind === 'option') return printCase(value, type.some);
      return value === undefined ? 'none' : `some(${printWave(value, type.some)})`;
    case 'result': {
      const { tag } = value as { readonly tag: 'ok' | 'err' };
      return printCase(value, tag === 'ok' ? type.ok : type.error);
    }
    case 'variant': {
      const { tag } = value as { readonly tag: string };
      return printCase(value, type.cases.find(({ name }) => name === tag)?.type);
    }
    default:
      return String(value);
  }
}

function printCase(value: unknown, payload: ValueType | undefined): string {
  const { tag, val } = value as { readonly tag: string; readonly val?: unknown };
  return payload === undefined || tag === 'none' ? tag : `${tag}(${printWave(val, payload)})`;
}

function printFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

const ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' };

function escaped(text: string, quote: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is escaped.
  return text.replace(/[\u0000-\u001f\u007f\\"']/g, (character) => {
    if (character === '"' || character === "'") return character === quote ? `\\${character}` : character;
    return ESCAPES[character] ?? `\\u{${character.charCodeAt(0).toString(16)}}`;
  });
}
