import { lowerCamel } from '../../component/js-names.ts';
import type { ValueType } from '../../component/types.ts';

/** `least`: nothing, wherever there may be nothing. `most`: the ends of ranges, the last of cases, text that is not ASCII. */
export type Amount = 'least' | 'usual' | 'most';

/** A small component can stand for a huge tree of types. */
const MAX_PARTS = 10_000;

const INTEGERS: Readonly<Record<string, readonly [bits: number, signed: boolean]>> = {
  u8: [8, false],
  s8: [8, true],
  u16: [16, false],
  s16: [16, true],
  u32: [32, false],
  s32: [32, true],
};

/** Makes arguments for functions of any type: the same each time. */
export class SampleValues {
  readonly #amount: Amount;
  #parts = 0;

  constructor(amount: Amount) {
    this.#amount = amount;
  }

  /** @returns undefined when a value of the type would be too large to be of use. */
  argumentsFor(params: readonly { readonly type: ValueType }[]): unknown[] | undefined {
    this.#parts = 0;
    const values = params.map(({ type }) => this.#of(type));
    return this.#parts > MAX_PARTS ? undefined : values;
  }

  #of(type: ValueType): unknown {
    if (++this.#parts > MAX_PARTS) return undefined;
    const integer = INTEGERS[type.kind];
    if (integer !== undefined) return this.#pick(0, 1, largest(...integer));
    switch (type.kind) {
      case 'bool':
        return this.#pick(false, true, true);
      case 'u64':
        return this.#pick(0n, 1n, 2n ** 64n - 1n);
      case 's64':
        return this.#pick(0n, 1n, -(2n ** 63n));
      case 'f32':
      case 'f64':
        return this.#pick(0, 1.5, -1e30);
      case 'char':
        return this.#pick('a', 'b', '𝄞');
      case 'string':
        return this.#pick('', 'text', 'Ωß𝄞 '.repeat(100));
      case 'record':
        return Object.fromEntries(type.fields.map((field) => [lowerCamel(field.name), this.#of(field.type)]));
      case 'tuple':
        return type.elements.map((element) => this.#of(element));
      case 'list': {
        const length = type.length ?? this.#pick(0, 1, 3);
        return Array.from({ length: Math.min(length, MAX_PARTS) }, () => this.#of(type.element));
      }
      case 'option': {
        const isTagged = type.some.kind === 'option';
        if (this.#amount === 'least') return isTagged ? { tag: 'none' } : undefined;
        return isTagged ? { tag: 'some', val: this.#of(type.some) } : this.#of(type.some);
      }
      case 'result':
        return this.#amount === 'most' ? this.#case('err', type.error) : this.#case('ok', type.ok);
      case 'variant': {
        const chosen = type.cases.at(this.#pick(0, 0, -1))!;
        return this.#case(chosen.name, chosen.type);
      }
      case 'enum':
        return type.names.at(this.#pick(0, 0, -1));
      case 'flags':
        return Object.fromEntries(type.names.map((name) => [lowerCamel(name), this.#amount === 'most']));
      default:
        return undefined;
    }
  }

  #case(tag: string, type: ValueType | undefined): object {
    return type === undefined ? { tag } : { tag, val: this.#of(type) };
  }

  #pick<Value>(least: Value, usual: Value, most: Value): Value {
    return { least, usual, most }[this.#amount];
  }
}

/** The end of a range that is the further from zero. */
function largest(bits: number, signed: boolean): number {
  return signed ? -(2 ** (bits - 1)) : 2 ** bits - 1;
}
