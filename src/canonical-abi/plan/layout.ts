import type { TypeIndex, TypeNode } from './plan.ts';

/* "Alignment", "Element Size" and "Flattening" of `design/mvp/CanonicalABI.md`, for memories of 32-bit addresses. */

export const MAX_FLAT_PARAMS = 16;
export const MAX_FLAT_RESULTS = 1;
/** Of a function that is lowered as async, which has no flat results. */
export const MAX_FLAT_ASYNC_PARAMS = 4;

/** A type whose `elem_size` is larger is not valid. */
export const MAX_TYPE_BYTES: number = 2 ** 28 - 1;

export type FlatType = 'i32' | 'i64' | 'f32' | 'f64';

/** How values of a type lie in memory and among core values. */
export interface Layout {
  readonly alignment: number;
  /** `elem_size`, in bytes. */
  readonly size: number;
  /** The core values that a value flattens to; undefined when there are more than {@link MAX_FLAT_PARAMS}. */
  readonly flat: readonly FlatType[] | undefined;
  /** Whether a value has parts that are allocated: strings and lists. */
  readonly allocates: boolean;
  /** `contains_borrow`. */
  readonly borrows: boolean;
}

const scalar = (size: number, flat: FlatType): Layout => ({
  alignment: size,
  size,
  flat: [flat],
  allocates: false,
  borrows: false,
});

const POINTER_AND_LENGTH: Layout = { alignment: 4, size: 8, flat: ['i32', 'i32'], allocates: true, borrows: false };

const PRIMITIVES: Readonly<Record<string, Layout>> = {
  bool: scalar(1, 'i32'),
  s8: scalar(1, 'i32'),
  u8: scalar(1, 'i32'),
  s16: scalar(2, 'i32'),
  u16: scalar(2, 'i32'),
  s32: scalar(4, 'i32'),
  u32: scalar(4, 'i32'),
  s64: scalar(8, 'i64'),
  u64: scalar(8, 'i64'),
  f32: scalar(4, 'f32'),
  f64: scalar(8, 'f64'),
  char: scalar(4, 'i32'),
  string: POINTER_AND_LENGTH,
  own: scalar(4, 'i32'),
  stream: scalar(4, 'i32'),
  future: scalar(4, 'i32'),
  borrow: { ...scalar(4, 'i32'), borrows: true },
};

/** The layout of every type of a plan, by its index. */
export function layoutsOf(types: readonly TypeNode[]): readonly Layout[] {
  const layouts: Layout[] = [];
  for (const type of types) layouts.push(layoutOf(type, layouts));
  return layouts;
}

/** The layout of a type, given those of its parts. */
export function layoutOf(type: TypeNode, layouts: readonly Layout[]): Layout {
  const of = (index: TypeIndex): Layout => layouts[index]!;
  switch (type.kind) {
    case 'record':
      return recordLayout(type.fields.map((field) => of(field.type)));
    case 'tuple':
      return recordLayout(type.elements.map(of));
    case 'variant':
      return variantLayout(type.cases.map((entry) => (entry.type === undefined ? undefined : of(entry.type))));
    case 'enum':
      return variantLayout(type.names.map(() => undefined));
    case 'option':
      return variantLayout([undefined, of(type.some)]);
    case 'result':
      return variantLayout([type.ok, type.error].map((part) => (part === undefined ? undefined : of(part))));
    case 'flags':
      return scalar(type.names.length <= 8 ? 1 : type.names.length <= 16 ? 2 : 4, 'i32');
    case 'list': {
      const element = of(type.element);
      if (type.length === undefined) return { ...POINTER_AND_LENGTH, borrows: element.borrows };
      return arrayLayout(element, type.length);
    }
    default:
      return PRIMITIVES[type.kind]!;
  }
}

/** `elem_size` of the discriminant of a variant. */
export function discriminantSize(cases: number): 1 | 2 | 4 {
  return cases <= 256 ? 1 : cases <= 65_536 ? 2 : 4;
}

/** Where the payload of a variant is. */
export function payloadOffset(payloads: readonly (Layout | undefined)[]): number {
  return alignTo(discriminantSize(payloads.length), maxAlignment(payloads));
}

/** Where each field of a record is. */
export function fieldOffsets(fields: readonly Layout[]): readonly number[] {
  let end = 0;
  return fields.map(({ alignment, size }) => {
    const at = alignTo(end, alignment);
    end = at + size;
    return at;
  });
}

/** The layout of a record or tuple with these fields; of parameters also, which may be none. */
export function recordLayout(fields: readonly Layout[]): Layout {
  const alignment = maxAlignment(fields);
  const offsets = fieldOffsets(fields);
  const last = fields.length - 1;
  return {
    alignment,
    size: last < 0 ? 0 : alignTo(offsets[last]! + fields[last]!.size, alignment),
    flat: concatenated(fields),
    ...containing(fields),
  };
}

function variantLayout(payloads: readonly (Layout | undefined)[]): Layout {
  const alignment = Math.max(discriminantSize(payloads.length), maxAlignment(payloads));
  const present = payloads.filter((payload) => payload !== undefined);
  const largest = present.reduce((size, payload) => Math.max(size, payload.size), 0);
  const size = alignTo(payloadOffset(payloads) + largest, alignment);
  return { alignment, size, flat: flattenVariant(present), ...containing(present) };
}

function arrayLayout(element: Layout, length: number): Layout {
  const { flat, alignment, allocates, borrows } = element;
  return {
    alignment,
    size: element.size * length,
    flat: flat === undefined || flat.length * length > MAX_FLAT_PARAMS ? undefined : Array(length).fill(flat).flat(),
    allocates,
    borrows,
  };
}

/** `flatten_variant`: the discriminant, then for each place the type that can hold the values of all cases. */
function flattenVariant(payloads: readonly Layout[]): readonly FlatType[] | undefined {
  const joined: FlatType[] = [];
  for (const { flat } of payloads) {
    if (flat === undefined) return undefined;
    for (const [place, type] of flat.entries()) joined[place] = join(joined[place] ?? type, type);
  }
  return joined.length >= MAX_FLAT_PARAMS ? undefined : ['i32', ...joined];
}

function join(a: FlatType, b: FlatType): FlatType {
  if (a === b) return a;
  return (a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32') ? 'i32' : 'i64';
}

function concatenated(parts: readonly Layout[]): readonly FlatType[] | undefined {
  const all: FlatType[] = [];
  for (const { flat } of parts) {
    if (flat === undefined || all.length + flat.length > MAX_FLAT_PARAMS) return undefined;
    all.push(...flat);
  }
  return all;
}

function containing(parts: readonly Layout[]): Pick<Layout, 'allocates' | 'borrows'> {
  return { allocates: parts.some((part) => part.allocates), borrows: parts.some((part) => part.borrows) };
}

function maxAlignment(parts: readonly (Layout | undefined)[]): number {
  return parts.reduce((max, part) => Math.max(max, part?.alignment ?? 1), 1);
}

/** `align_to`. */
export function alignTo(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
