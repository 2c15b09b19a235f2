import { lowerCamel } from '../../src/canonical-abi/runtime/names.ts';
import { type List, listsOf, textAt } from './wast.ts';

/** A constant of a script, in the shape that JavaScript gives to it. */
export function constant(value: List): unknown {
  const kind = textAt(value, 0)!;
  const word = textAt(value, 1);
  const [first] = listsOf(value);
  const payload = (): unknown => (first === undefined ? undefined : constant(first));
  switch (kind) {
    case 'bool.const':
      return word === 'true';
    case 's64.const':
    case 'u64.const':
      return BigInt(word!.replaceAll('_', ''));
    case 'f32.const':
      return Math.fround(float(word!));
    case 'f64.const':
      return float(word!);
    case 'char.const':
    case 'str.const':
    case 'enum.const':
      return word;
    case 'list.const':
    case 'tuple.const':
      return listsOf(value).map(constant);
    case 'record.const':
      // A field is its name and a constant without parentheses.
      return Object.fromEntries(
        listsOf(value).map((field) => {
          const inner =
            typeof textAt(field, 2) === 'string' ? { ...field, items: field.items.slice(2) } : listsOf(field)[0]!;
          return [lowerCamel(textAt(field, 1)!), constant(inner)];
        }),
      );
    case 'variant.const':
      return first === undefined ? { tag: word } : { tag: word, val: payload() };
    case 'option.none':
      return undefined;
    case 'option.some':
      return payload();
    case 'result.ok':
      return first === undefined ? { tag: 'ok' } : { tag: 'ok', val: payload() };
    case 'result.err':
      return first === undefined ? { tag: 'err' } : { tag: 'err', val: payload() };
    case 'flags.const':
      return new Set(value.items.slice(1).map((_, index) => textAt(value, index + 1)!));
    default:
      if (/^[su](8|16|32)\.const$/.test(kind)) return Number(word!.replaceAll('_', ''));
      throw new SyntaxError(`unknown constant ${kind}`);
  }
}

function float(word: string): number {
  if (/^-?nan/.test(word)) return Number.NaN;
  if (/inf$/.test(word)) return word.startsWith('-') ? -Infinity : Infinity;
  const hex = /^([-+]?)0x([0-9a-f_]+)(?:\.([0-9a-f_]*))?(?:p([-+]?\d+))?$/i.exec(word);
  if (hex === null) return Number(word.replaceAll('_', ''));
  const [, sign, whole, fraction = '', exponent = '0'] = hex;
  const digits = Number.parseInt(`${whole}${fraction}`.replaceAll('_', ''), 16);
  return (sign === '-' ? -1 : 1) * digits * 2 ** (Number(exponent) - 4 * fraction.replaceAll('_', '').length);
}

/** What an argument looks like to the function: flags are an object of booleans. */
export function asArgument(value: unknown): unknown {
  if (value instanceof Set) return Object.fromEntries([...value].map((name) => [lowerCamel(name as string), true]));
  return value;
}

/** Whether a function returned what the script expects. */
export function matches(actual: unknown, expected: unknown): boolean {
  if (ArrayBuffer.isView(actual)) return matches([...(actual as unknown as Iterable<unknown>)], expected);
  if (expected instanceof Set) {
    const set = Object.entries(actual as object).filter(([, on]) => on);
    const names = new Set([...expected].map((name) => lowerCamel(name as string)));
    return set.length === names.size && set.every(([name]) => names.has(name));
  }
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) && actual.length === expected.length && expected.every((v, i) => matches(actual[i], v))
    );
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null) return false;
    const entries = Object.entries(expected);
    return entries.every(([key, value]) => matches((actual as Record<string, unknown>)[key], value));
  }
  return Object.is(actual, expected);
}
