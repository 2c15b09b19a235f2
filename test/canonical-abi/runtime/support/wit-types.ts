import fc from 'fast-check';
import { type Layout, layoutOf, recordLayout } from '../../../../src/canonical-abi/plan/layout.ts';
import type { TypeNode } from '../../../../src/canonical-abi/plan/plan.ts';

/** A value type as WIT writes it, with values of it in the shapes of JavaScript, and its layout. */
export interface WitType {
  readonly kind: TypeNode['kind'];
  /** The type as plans have it; indices are into `parts`. */
  readonly node: TypeNode;
  readonly parts: readonly WitType[];
  /** Its WIT: a primitive, a generic, or the name of a declared type. */
  readonly wit: string;
  /** Declarations that it needs, in order. */
  readonly declarations: readonly string[];
  readonly layout: Layout;
  readonly values: fc.Arbitrary<unknown>;
  /** What a failing test shows. */
  readonly [fc.toStringMethod]: () => string;
}

const shown =
  (wit: string, declarations: readonly string[]): (() => string) =>
  () =>
    [...declarations, wit].join('; ');

const int = (min: number, max: number): fc.Arbitrary<unknown> =>
  fc.oneof(fc.constantFrom(min, max, 0), fc.integer({ min, max }));
const big = (min: bigint, max: bigint): fc.Arbitrary<unknown> =>
  fc.oneof(fc.constantFrom(min, max, 0n), fc.bigInt({ min, max }));

/** Every plane, the byte order mark and NUL included. Lone surrogates have a test of their own. */
const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('é', 'ÿ', 'a', '\u{feff}', '\0', 'Ā', '€', '𝄞'), maxLength: 20 }),
);

const PRIMITIVES: readonly (readonly [TypeNode['kind'], fc.Arbitrary<unknown>])[] = [
  ['bool', fc.boolean()],
  ['s8', int(-128, 127)],
  ['u8', int(0, 255)],
  ['s16', int(-32768, 32767)],
  ['u16', int(0, 65535)],
  ['s32', int(-(2 ** 31), 2 ** 31 - 1)],
  ['u32', int(0, 2 ** 32 - 1)],
  ['s64', big(-(2n ** 63n), 2n ** 63n - 1n)],
  ['u64', big(0n, 2n ** 64n - 1n)],
  ['f32', fc.float()],
  ['f64', fc.double()],
  ['char', fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })],
  ['string', text],
];

const primitive: fc.Arbitrary<WitType> = fc.constantFrom(
  ...PRIMITIVES.map(([kind, values]) => ({
    kind,
    node: { kind } as TypeNode,
    parts: [],
    wit: kind,
    declarations: [],
    layout: layoutOf({ kind } as TypeNode, []),
    values,
    [fc.toStringMethod]: shown(kind, []),
  })),
);

let names = 0;
const freshName = (kind: string): string => `${kind}-t${names++}`;

/** Makes a type out of parts, whose layouts are at the indices of the parts. */
function made(
  node: TypeNode,
  wit: string,
  parts: readonly WitType[],
  values: fc.Arbitrary<unknown>,
  declaration?: string,
): WitType {
  const layout = layoutOf(
    node,
    parts.map((part) => part.layout),
  );
  const inner = parts.flatMap((part) => part.declarations);
  const declarations = declaration === undefined ? inner : [...inner, declaration];
  return {
    kind: node.kind,
    node,
    parts,
    wit,
    declarations,
    layout,
    values,
    [fc.toStringMethod]: shown(wit, declarations),
  };
}

const places = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Names whose camel case is not what they are. */
const label = (index: number): string => `part-${'abcdefghijklmnopqrstuvwxyz'[index]}`;
const key = (index: number): string => `part${'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[index]}`;

const NUMBER_ARRAYS: Readonly<Record<string, (values: never[]) => unknown>> = {
  u8: (values) => Uint8Array.from(values),
  s8: (values) => Int8Array.from(values),
  u16: (values) => Uint16Array.from(values),
  s16: (values) => Int16Array.from(values),
  u32: (values) => Uint32Array.from(values),
  s32: (values) => Int32Array.from(values),
  u64: (values) => BigUint64Array.from(values as bigint[]),
  s64: (values) => BigInt64Array.from(values as bigint[]),
  f32: (values) => Float32Array.from(values),
  f64: (values) => Float64Array.from(values),
};

function listOf(element: WitType): WitType {
  const array = NUMBER_ARRAYS[element.kind];
  const values = fc.array(element.values, { maxLength: 6 });
  return made(
    { kind: 'list', element: 0 },
    `list<${element.wit}>`,
    [element],
    array === undefined ? values : values.map((list) => array(list as never[])),
  );
}

function tupleOf(elements: readonly WitType[]): WitType {
  return made(
    { kind: 'tuple', elements: places(elements.length) },
    `tuple<${elements.map(({ wit }) => wit).join(', ')}>`,
    elements,
    fc.tuple(...elements.map(({ values }) => values)),
  );
}

function recordOf(fields: readonly WitType[]): WitType {
  const name = freshName('record');
  return made(
    { kind: 'record', fields: places(fields.length).map((type) => ({ name: label(type), type })) },
    name,
    fields,
    fc.record(Object.fromEntries(fields.map(({ values }, index) => [key(index), values]))),
    `record ${name} { ${fields.map(({ wit }, index) => `${label(index)}: ${wit}`).join(', ')} }`,
  );
}

function variantOf(payloads: readonly (WitType | undefined)[]): WitType {
  const name = freshName('variant');
  const parts = payloads.filter((payload) => payload !== undefined);
  const cases = payloads.map((payload, index) => ({
    name: label(index),
    ...(payload !== undefined && { type: parts.indexOf(payload) }),
  }));
  return made(
    { kind: 'variant', cases },
    name,
    parts,
    fc.oneof(
      ...payloads.map((payload, index) =>
        payload === undefined
          ? fc.constant({ tag: label(index) })
          : payload.values.map((val) => ({ tag: label(index), val })),
      ),
    ),
    `variant ${name} { ${payloads.map((payload, index) => label(index) + (payload === undefined ? '' : `(${payload.wit})`)).join(', ')} }`,
  );
}

function optionOf(some: WitType): WitType {
  // jco 1.35 passes `{tag: 'some', val: {tag: 'none'}}` of three options in one another as `{tag: 'some', val: true}`.
  if (some.kind === 'option' && some.parts[0]!.kind === 'option') return some;
  const values =
    some.kind === 'option'
      ? fc.oneof(
          fc.constant({ tag: 'none' }),
          some.values.map((val) => ({ tag: 'some', val })),
        )
      : fc.oneof(fc.constant(undefined), some.values);
  return made({ kind: 'option', some: 0 }, `option<${some.wit}>`, [some], values);
}

function resultOf(ok: WitType | undefined, error: WitType | undefined): WitType {
  const parts = [ok, error].filter((part) => part !== undefined);
  const side = (tag: string, part: WitType | undefined): fc.Arbitrary<unknown> =>
    part === undefined ? fc.constant({ tag }) : part.values.map((val) => ({ tag, val }));
  const inner = error === undefined ? (ok === undefined ? '' : `<${ok.wit}>`) : `<${ok?.wit ?? '_'}, ${error.wit}>`;
  return made(
    {
      kind: 'result',
      ...(ok !== undefined && { ok: 0 }),
      ...(error !== undefined && { error: parts.indexOf(error) }),
    },
    `result${inner}`,
    parts,
    fc.oneof(side('ok', ok), side('err', error)),
  );
}

function flagsOf(count: number): WitType {
  const name = freshName('flags');
  const labels = places(count).map((index) => `flag-x${index}`);
  return made(
    { kind: 'flags', names: labels },
    name,
    [],
    fc.record(Object.fromEntries(labels.map((_, index) => [`flagX${index}`, fc.boolean()]))),
    `flags ${name} { ${labels.join(', ')} }`,
  );
}

function enumOf(count: number): WitType {
  const name = freshName('enum');
  const labels = places(count).map((index) => `case-x${index}`);
  return made(
    { kind: 'enum', names: labels },
    name,
    [],
    fc.constantFrom(...labels),
    `enum ${name} { ${labels.join(', ')} }`,
  );
}

/** Types of every kind but handles, a few levels deep. */
export const witTypes: fc.Arbitrary<WitType> = fc.letrec<{ type: WitType }>((tie) => {
  const type = tie('type');
  return {
    type: fc.oneof(
      { depthSize: 'small', withCrossShrink: true, maxDepth: 4 },
      primitive,
      fc.array(type, { minLength: 1, maxLength: 5 }).map(recordOf),
      fc.array(fc.option(type, { nil: undefined }), { minLength: 1, maxLength: 5 }).map(variantOf),
      type.map(listOf),
      fc.array(type, { minLength: 1, maxLength: 4 }).map(tupleOf),
      type.map(optionOf),
      fc
        .tuple(fc.option(type, { nil: undefined }), fc.option(type, { nil: undefined }))
        .map(([ok, error]) => resultOf(ok, error)),
      fc.constantFrom(1, 8, 9, 16, 17, 32).map(flagsOf),
      fc.constantFrom(1, 2, 255, 256, 257).map(enumOf),
    ),
  };
}).type;

/** The layout of parameters of these types. */
export function paramsLayout(types: readonly WitType[]): Layout {
  return recordLayout(types.map(({ layout }) => layout));
}
