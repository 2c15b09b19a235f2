import { expect } from 'chai';
import type { TypeNode } from '../../../src/canonical-abi/plan/plan.ts';
import { misfit } from '../../../src/canonical-abi/runtime/misfit.ts';

const TYPES: readonly TypeNode[] = [
  { kind: 'string' },
  { kind: 'f64' },
  {
    kind: 'record',
    fields: [
      { name: 'unit-name', type: 0 },
      { name: 'price', type: 1 },
    ],
  },
  { kind: 'list', element: 2 },
  { kind: 'option', some: 3 },
  { kind: 'record', fields: [{ name: 'lines', type: 4 }] },
  { kind: 'enum', names: ['low', 'high'] },
  {
    kind: 'variant',
    cases: [{ name: 'nothing' }, { name: 'some-lines', type: 3 }],
  },
  { kind: 'tuple', elements: [1, 6] },
  { kind: 'u8' },
  { kind: 's64' },
  { kind: 'bool' },
  { kind: 'char' },
  { kind: 'list', element: 9 },
  { kind: 'list', element: 9, length: 2 },
  { kind: 'flags', names: ['a'] },
  { kind: 'option', some: 4 },
  { kind: 'result', ok: 0 },
];

describe('misfit', () => {
  const line = { unitName: 'kg', price: 1 };
  const cases: [type: number, value: unknown, says: string | undefined][] = [
    [5, { lines: [line, line, { unitName: 'kg', price: '3' }] }, 'lines[2].price: expected a f64, got a string'],
    [5, { lines: [{ unit_name: 'kg', price: 1 }] }, 'lines[0].unitName: expected a string, got undefined'],
    [5, { lines: undefined }, undefined],
    [5, { lines: null }, undefined],
    [5, { lines: line }, 'lines: expected an array, got an object'],
    [5, null, 'expected an object, got null'],
    [6, 'middle', "expected one of 'low', 'high', got a string"],
    [7, { tag: 'some-lines', val: [7] }, 'val[0]: expected an object, got 7'],
    [7, { tag: 'nothing' }, undefined],
    [7, 'nothing', "expected an object whose `tag` is 'nothing', 'some-lines', got a string"],
    [8, [1], "[1]: expected one of 'low', 'high', got undefined"],
    [8, {}, 'expected an array of 2 elements, got an object'],
    [9, 255, undefined],
    [9, 256, 'expected a u8, got 256'],
    [9, -1, 'expected a u8, got -1'],
    [9, 0.5, 'expected a u8, got 0.5'],
    [9, Number.NaN, 'expected a u8, got NaN'],
    [9, 1n, 'expected a u8, got 1n'],
    [10, 1, 'expected a s64, got 1'],
    [10, 2n ** 63n, 'expected a s64, got 9223372036854775808n'],
    [10, -(2n ** 63n), undefined],
    [11, 'yes', 'expected a bool, got a string'],
    [12, '𝄞', undefined],
    [12, '\ud800', 'expected a char, got a string'],
    [13, new Uint8Array(3), undefined],
    [13, [1, 2, 300], '[2]: expected a u8, got 300'],
    [14, new Uint8Array(3), 'expected an array of 2 elements, got an object'],
    [15, true, 'expected an object of booleans, got true'],
    [16, { tag: 'some', val: [line] }, undefined],
    [16, [line], "expected an object whose `tag` is 'none', 'some', got an array"],
    [17, { tag: 'err' }, undefined],
    [17, { tag: 'ok' }, 'val: expected a string, got undefined'],
  ];
  for (const [type, value, says] of cases) {
    const { kind } = TYPES[type]!;
    it(`of ${typeof value === 'bigint' ? value : JSON.stringify(value)} and a ${kind} is ${says ?? 'none'}`, () => {
      expect(misfit(TYPES, type, value)).to.equal(says);
    });
  }

  it('says where a value is that is a part itself', () => {
    expect(misfit(TYPES, 3, [{}], 'args[0]')).to.equal('args[0][0].unitName: expected a string, got undefined');
  });
});
