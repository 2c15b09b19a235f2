import { expect } from 'chai';
import { discriminantSize, layoutsOf } from '../../../src/canonical-abi/plan/layout.ts';
import type { TypeNode } from '../../../src/canonical-abi/plan/plan.ts';

/** The layout of the last of the types. */
function layout(...types: readonly TypeNode[]): unknown {
  const { alignment, size, flat } = layoutsOf(types).at(-1)!;
  return [alignment, size, flat?.join(' ')];
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);

// The expected values are those of the tables in "Alignment", "Element Size" and "Flattening" of the specification.
describe('layoutsOf', () => {
  const TYPES: readonly (readonly [what: string, types: readonly TypeNode[], expected: unknown])[] = [
    ['bool', [{ kind: 'bool' }], [1, 1, 'i32']],
    ['s16', [{ kind: 's16' }], [2, 2, 'i32']],
    ['char', [{ kind: 'char' }], [4, 4, 'i32']],
    ['u64', [{ kind: 'u64' }], [8, 8, 'i64']],
    ['f32', [{ kind: 'f32' }], [4, 4, 'f32']],
    ['string', [{ kind: 'string' }], [4, 8, 'i32 i32']],
    ['list<u64>', [{ kind: 'u64' }, { kind: 'list', element: 0 }], [4, 8, 'i32 i32']],
    ['list<u16, 3>', [{ kind: 'u16' }, { kind: 'list', element: 0, length: 3 }], [2, 6, 'i32 i32 i32']],
    ['tuple<u8, u64>', [{ kind: 'u8' }, { kind: 'u64' }, { kind: 'tuple', elements: [0, 1] }], [8, 16, 'i32 i64']],
    ['tuple<u64, u8>', [{ kind: 'u8' }, { kind: 'u64' }, { kind: 'tuple', elements: [1, 0] }], [8, 16, 'i64 i32']],
    ['flags of 8', [{ kind: 'flags', names: names(8) }], [1, 1, 'i32']],
    ['flags of 9', [{ kind: 'flags', names: names(9) }], [2, 2, 'i32']],
    ['flags of 17', [{ kind: 'flags', names: names(17) }], [4, 4, 'i32']],
    ['enum of 256', [{ kind: 'enum', names: names(256) }], [1, 1, 'i32']],
    ['enum of 257', [{ kind: 'enum', names: names(257) }], [2, 2, 'i32']],
    ['option<u8>', [{ kind: 'u8' }, { kind: 'option', some: 0 }], [1, 2, 'i32 i32']],
    ['option<u64>', [{ kind: 'u64' }, { kind: 'option', some: 0 }], [8, 16, 'i32 i64']],
    ['result', [{ kind: 'result' }], [1, 1, 'i32']],
    ['result<f32, u32>', [{ kind: 'f32' }, { kind: 'u32' }, { kind: 'result', ok: 0, error: 1 }], [4, 8, 'i32 i32']],
    ['result<f32, u64>', [{ kind: 'f32' }, { kind: 'u64' }, { kind: 'result', ok: 0, error: 1 }], [8, 16, 'i32 i64']],
    ['result<f32, f64>', [{ kind: 'f32' }, { kind: 'f64' }, { kind: 'result', ok: 0, error: 1 }], [8, 16, 'i32 i64']],
    [
      'result<string, f64>',
      [{ kind: 'string' }, { kind: 'f64' }, { kind: 'result', ok: 0, error: 1 }],
      [8, 16, 'i32 i64 i32'],
    ],
    ['17 fields', [{ kind: 'u8' }, { kind: 'tuple', elements: Array(17).fill(0) }], [1, 17, undefined]],
    [
      '16 fields',
      [{ kind: 'u8' }, { kind: 'tuple', elements: Array(16).fill(0) }],
      [1, 16, Array(16).fill('i32').join(' ')],
    ],
  ];
  for (const [what, types, expected] of TYPES) {
    it(what, () => {
      expect(layout(...types)).to.deep.equal(expected);
    });
  }

  it('an enum of more cases than fit into the stack as arguments', () => {
    expect(layout({ kind: 'enum', names: names(200_000) })).to.deep.equal([4, 4, 'i32']);
    expect(discriminantSize(65_536)).to.equal(2);
    expect(discriminantSize(65_537)).to.equal(4);
  });

  it('says what allocates, and what borrows', () => {
    const types: TypeNode[] = [
      { kind: 'borrow', resource: 0 },
      { kind: 'tuple', elements: [0] },
      { kind: 'list', element: 1 },
      { kind: 'u8' },
    ];
    expect(layoutsOf(types).map(({ allocates, borrows }) => [allocates, borrows])).to.deep.equal([
      [false, true],
      [false, true],
      [true, true],
      [false, false],
    ]);
  });
});
