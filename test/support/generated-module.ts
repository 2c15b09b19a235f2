import { seeded } from './outcome.ts';

type Type = 'i32' | 'i64' | 'f32' | 'f64';
type Random = ReturnType<typeof seeded>;

const TYPES: readonly Type[] = ['i32', 'i64', 'f32', 'f64'];
const FUNCTIONS = 5;
/** Of each function and type. */
const LOCALS = 3;
const MAX_DEPTH = 5;

const BINARY: Readonly<Record<Type, readonly string[]>> = {
  i32: ['add', 'sub', 'mul', 'div_s', 'div_u', 'rem_s', 'rem_u', 'and', 'or', 'xor', 'shl', 'shr_s', 'shr_u', 'rotl'],
  i64: ['add', 'sub', 'mul', 'div_s', 'div_u', 'rem_s', 'rem_u', 'and', 'or', 'xor', 'shl', 'shr_s', 'shr_u', 'rotr'],
  f32: ['add', 'sub', 'mul', 'div', 'min', 'max', 'copysign'],
  f64: ['add', 'sub', 'mul', 'div', 'min', 'max', 'copysign'],
};
const UNARY: Readonly<Record<Type, readonly string[]>> = {
  i32: ['i32.clz', 'i32.ctz', 'i32.popcnt', 'i32.eqz', 'i32.extend8_s'],
  i64: ['i64.clz', 'i64.ctz', 'i64.popcnt', 'i64.extend32_s'],
  f32: ['f32.abs', 'f32.neg', 'f32.sqrt', 'f32.floor', 'f32.nearest'],
  f64: ['f64.abs', 'f64.neg', 'f64.sqrt', 'f64.ceil', 'f64.trunc'],
};
const CONVERSIONS: Readonly<Record<Type, readonly (readonly [string, Type])[]>> = {
  i32: [
    ['i32.wrap_i64', 'i64'],
    ['i32.trunc_sat_f64_s', 'f64'],
    ['i32.trunc_f32_u', 'f32'],
    ['i64.eqz', 'i64'],
  ],
  i64: [
    ['i64.extend_i32_s', 'i32'],
    ['i64.trunc_sat_f32_u', 'f32'],
    ['i64.trunc_f64_s', 'f64'],
  ],
  f32: [
    ['f32.convert_i32_u', 'i32'],
    ['f32.demote_f64', 'f64'],
  ],
  f64: [
    ['f64.convert_i64_s', 'i64'],
    ['f64.promote_f32', 'f32'],
  ],
};

/**
 * The text of a core module by chance, valid and with an end: it has a number of rounds for all loops and calls. It
 * exports `run`, which takes a number and gives one, its memory, and imports a function `host` of a number. All that code can
 * do to control flow is in it: blocks with values, branches out of many of them, tables of branches, early returns, calls
 * through a table, tail calls, traps, exceptions that go through calls, and a second memory.
 */
export function generatedModule(seed: number): string {
  const random = seeded(seed);
  const functions = Array.from({ length: FUNCTIONS }, (_, index) => new FunctionText(random, index).text());
  return `(module
    (import "e" "host" (func $host (param i32) (result i32)))
    (import "e" "memory" (memory 1 2)) (import "e" "second" (memory $second 1 2))
    (tag $e (param i32)) (tag $empty)
    (type $t (func (param i32 i64) (result i32)))
    (global $g (mut i32) (i32.const 7)) (global $rounds (mut i32) (i32.const 3000))
    (table ${FUNCTIONS} funcref) (elem (i32.const 0) func ${functions.map((_, index) => `$f${index}`).join(' ')})
    ${functions.join('\n')}
    (func (export "run") (param $n i32) (result i32) (call $f0 (local.get $n) (i64.const ${random.below(1000)}))))`;
}

class FunctionText {
  readonly #random: Random;
  readonly #index: number;
  /** The labels around, and the type of value that a branch to each takes. Innermost last. */
  readonly #labels: { readonly name: string; readonly takes: Type | 'nothing' }[] = [];
  #names = 0;

  constructor(random: Random, index: number) {
    this.#random = random;
    this.#index = index;
  }

  text(): string {
    const locals = TYPES.flatMap((type) =>
      Array.from({ length: LOCALS }, (_, place) => `(local $${type}${place} ${type})`),
    );
    const body = [this.#statements(0), this.#value('i32', 1)];
    return `(func $f${this.#index} (type $t) (param $p i32) (param $q i64) (result i32) ${locals.join(' ')}
      ${body.join('\n')})`;
  }

  #statements(depth: number): string {
    return Array.from({ length: 1 + this.#random.below(4) }, () => this.#statement(depth)).join('\n');
  }

  #statement(depth: number): string {
    const { below, pick } = this.#random;
    const type = pick(TYPES);
    switch (depth >= MAX_DEPTH ? below(5) : below(16)) {
      case 0:
      case 1:
        return `(local.set $${type}${below(LOCALS)} ${this.#value(type, depth + 1)})`;
      case 2:
        return `(i32.store offset=${below(64)} (i32.and ${this.#value('i32', depth + 1)} (i32.const 0xfff)) ${this.#value('i32', depth + 1)})`;
      case 3:
        return `(global.set $g ${this.#value('i32', depth + 1)})`;
      case 4:
        return this.#branch(depth);
      case 5:
        return `(if ${this.#value('i32', depth + 1)} (then ${this.#statements(depth + 1)}))`;
      case 6:
        return `(if ${this.#value('i32', depth + 1)} (then ${this.#statements(depth + 1)}) (else ${this.#statements(depth + 1)}))`;
      case 7:
        return this.#block('nothing', () => this.#statements(depth + 1));
      case 8:
      case 9:
        return this.#loop(depth);
      case 10:
        return `(if (i32.eqz ${this.#value('i32', depth + 1)}) (then (return ${this.#value('i32', depth + 1)})))`;
      case 11:
        return below(4) === 0 ? '(drop (memory.grow (i32.const 1)))' : `(drop ${this.#value(type, depth + 1)})`;
      case 12:
      case 13:
        return this.#attempt(depth);
      case 14:
        return this.#second(depth);
      default:
        return below(20) === 0 && this.#index + 1 < FUNCTIONS
          ? `(if (i32.eq (local.get $p) (i32.const ${below(9)})) (then (return_call $f${this.#later()} ${this.#value('i32', depth + 1)} (local.get $q))))`
          : `(memory.fill (i32.const ${below(100)}) (i32.const ${below(255)}) (i32.const ${below(50)}))`;
    }
  }

  /** A loop that goes on by chance, from its end or from within, as long as the module has rounds left. */
  #loop(depth: number): string {
    const name = `$l${this.#names++}`;
    const again = `(if (i32.gt_s (global.get $rounds) (i32.const 0)) (then
        (global.set $rounds (i32.sub (global.get $rounds) (i32.const 1)))
        (br_if ${name} ${this.#value('i32', depth + 1)})))`;
    const early = this.#random.below(2) === 0 ? again : '';
    const body = `${this.#statements(depth + 1)} ${early} ${this.#statements(depth + 1)} ${again}`;
    if (this.#random.below(3) > 0) return `(loop ${name} ${body})`;
    return `(drop (loop ${name} (result i64) ${body} ${this.#value('i64', depth + 1)}))`;
  }

  /** Most of what is thrown is caught, here or by a caller; what none catches is the end of the run. */
  #attempt(depth: number): string {
    const { below } = this.#random;
    const thrown = below(2) === 0 ? `(throw $e ${this.#value('i32', depth + 1)})` : '(throw $empty)';
    const some = `(if ${this.#value('i32', depth + 1)} (then ${thrown}))`;
    const body = `${this.#statements(depth + 1)} ${some} ${this.#statements(depth + 1)}`;
    const name = `$c${this.#names++}`;
    switch (below(4)) {
      case 0:
        return `(local.set $i320 (block ${name} (result i32) (try_table (catch $e ${name}) ${body}) ${this.#value('i32', depth + 1)}))`;
      case 1:
        return `(block ${name} (try_table (catch $empty ${name}) (catch_all ${name}) ${body}))`;
      case 2:
        return `(drop (block ${name} (result exnref) (try_table (catch_all_ref ${name}) ${body}) (ref.null exn)))`;
      default:
        return `(block ${name} (try_table (catch_all ${name})
          (throw_ref (block ${name}r (result exnref) (try_table (catch_all_ref ${name}r) ${body}) (br ${name})))))`;
    }
  }

  #second(depth: number): string {
    const { below } = this.#random;
    const index = `(i32.and ${this.#value('i32', depth + 1)} (i32.const 0xfff))`;
    switch (below(4)) {
      case 0:
        return `(i32.store $second offset=${below(64)} ${index} ${this.#value('i32', depth + 1)})`;
      case 1:
        return `(memory.copy $second 0 (i32.const ${below(100)}) ${index} (i32.const ${below(50)}))`;
      case 2:
        return '(drop (memory.grow $second (i32.const 1)))';
      default:
        return `(local.set $i640 (i64.load $second ${index}))`;
    }
  }

  #block(takes: Type | 'nothing', body: () => string): string {
    const name = `$b${this.#names++}`;
    this.#labels.push({ name, takes });
    const inner = body();
    this.#labels.pop();
    return `(block ${name}${takes === 'nothing' ? '' : ` (result ${takes})`} ${inner})`;
  }

  #branch(depth: number): string {
    const empty = this.#labels.filter(({ takes }) => takes === 'nothing');
    if (empty.length === 0) return 'nop';
    const { below, pick } = this.#random;
    const to = pick(empty).name;
    if (below(3) > 0) return `(br_if ${to} ${this.#value('i32', depth + 1)})`;
    const targets = Array.from({ length: 1 + below(4) }, () => pick(empty).name);
    return `(if ${this.#value('i32', depth + 1)} (then (br_table ${targets.join(' ')} ${to} ${this.#value('i32', depth + 1)})))`;
  }

  #later(): number {
    return this.#index + 1 + this.#random.below(FUNCTIONS - this.#index - 1);
  }

  #value(type: Type, depth: number): string {
    const { below, pick } = this.#random;
    const inner = (of: Type): string => this.#value(of, depth + 1);
    switch (depth >= MAX_DEPTH ? below(3) : below(12)) {
      case 0:
        return `(${type}.const ${below(2) === 0 ? below(5) : below(2 ** 31)})`;
      case 1:
      case 2:
        return type === 'i32' && below(3) === 0 ? '(local.get $p)' : `(local.get $${type}${below(LOCALS)})`;
      case 3:
      case 4:
        return this.#binary(type, depth);
      case 5:
        return `(${pick(UNARY[type])} ${inner(type)})`;
      case 6: {
        const [instruction, from] = pick(CONVERSIONS[type]);
        return `(${instruction} ${inner(from)})`;
      }
      case 7:
        return `(${type}.load offset=${below(64)} (i32.and ${inner('i32')} (i32.const 0xfff)))`;
      case 8:
        return `(select ${inner(type)} ${inner(type)} ${inner('i32')})`;
      case 9:
        return `(if (result ${type}) ${inner('i32')} (then ${inner(type)}) (else ${inner(type)}))`;
      case 10:
        return this.#block(type, () => {
          const name = this.#labels.at(-1)!.name;
          return `(drop (br_if ${name} ${inner(type)} ${inner('i32')})) ${inner(type)}`;
        });
      default:
        return type === 'i32' ? this.#call(depth) : `(local.tee $${type}${below(LOCALS)} ${inner(type)})`;
    }
  }

  /** A division by zero is the end of the run, so that there are few. */
  #binary(type: Type, depth: number): string {
    const { below, pick } = this.#random;
    const operator = pick(BINARY[type]);
    const second = this.#value(type, depth + 1);
    const divides = /^(div|rem)_/.test(operator) && below(40) > 0;
    return `(${type}.${operator} ${this.#value(type, depth + 1)} ${divides ? `(${type}.or ${second} (${type}.const 1))` : second})`;
  }

  #call(depth: number): string {
    const { below } = this.#random;
    if (below(3) === 0) return `(call $host ${this.#value('i32', depth + 1)})`;
    if (this.#index + 1 >= FUNCTIONS) return '(local.get $p)';
    const args = `${this.#value('i32', depth + 1)} (local.get $q)`;
    const callee = this.#later();
    const call =
      below(2) === 0 ? `(call $f${callee} ${args})` : `(call_indirect (type $t) ${args} (i32.const ${callee}))`;
    return `(if (result i32) (i32.gt_s (global.get $rounds) (i32.const 0)) (then
      (global.set $rounds (i32.sub (global.get $rounds) (i32.const 1))) ${call}) (else (local.get $p)))`;
  }
}
