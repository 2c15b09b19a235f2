import { expect } from 'chai';
import type { FuncType, ValueType } from '../../src/component/types.ts';
import { funcDifference } from '../../src/contract/difference.ts';

const string: ValueType = { kind: 'string' };
const u32: ValueType = { kind: 'u32' };
const record = (fields: Record<string, ValueType>): ValueType => ({
  kind: 'record',
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});
const func = (params: Record<string, ValueType>, result?: ValueType): FuncType => ({
  kind: 'func',
  async: false,
  params: Object.entries(params).map(([name, type]) => ({ name, type })),
  result,
});
const list = (element: ValueType, length?: number): ValueType => ({ kind: 'list', element, length });
const tuple = (...elements: ValueType[]): ValueType => ({ kind: 'tuple', elements });
const result = (ok?: ValueType, error?: ValueType): ValueType => ({ kind: 'result', ok, error });

describe('funcDifference', () => {
  it('finds none between equal types, whatever they are called', () => {
    const type = () => func({ req: record({ a: list(tuple(string, u32)) }) }, result(undefined, string));
    expect(funcDifference('f', type(), type())).to.equal(undefined);
  });

  const cases: readonly (readonly [FuncType, FuncType, string])[] = [
    [
      func({ req: record({ input: string }) }),
      func({ req: record({ input: u32 }) }),
      'f: parameter req: field "input": expected string, got u32',
    ],
    [func({ a: string }), func({ b: string }), 'f: expected parameter 1 to be named "a", got "b"'],
    [func({ a: string }), func({}), 'f: expected 1 parameter, got 0'],
    [func({}, string), func({}), 'f: result: expected string, got nothing'],
    [func({}), func({}, string), 'f: result: expected nothing, got string'],
    [func({}, result(string, string)), func({}, result(string, u32)), 'f: result: error: expected string, got u32'],
    [func({}, result(undefined, string)), func({}, result(u32, string)), 'f: result: ok: expected nothing, got u32'],
    [func({}, list(string)), func({}, list(string, 3)), 'f: result: expected list<string>, got list<string, 3>'],
    [func({}, list(string)), func({}, list(u32)), 'f: result: list element: expected string, got u32'],
    [func({}, tuple(string, string)), func({}, tuple(string, u32)), 'f: result: element 2: expected string, got u32'],
    [
      func({}, tuple(string)),
      func({}, tuple(string, u32)),
      'f: result: expected tuple<string>, got tuple<string, u32>',
    ],
    [
      func({}, { kind: 'option', some: string }),
      func({}, { kind: 'option', some: u32 }),
      'f: result: some: expected string, got u32',
    ],
    [
      func({}, record({ a: string, b: string })),
      func({}, record({ a: string })),
      'f: result: expected 2 fields, got 1: "b" is missing',
    ],
    [
      func({}, record({ a: string })),
      func({}, record({ a: string, z: u32 })),
      'f: result: expected 1 field, got 2: "z" is not in the contract',
    ],
    [
      func({}, record({ success: { kind: 'bool' } })),
      func({}, record({ ok: { kind: 'bool' } })),
      'f: result: expected field 1 to be "success", got "ok"',
    ],
  ];
  for (const [expected, got, difference] of cases) {
    it(`says: ${difference}`, () => {
      expect(funcDifference('f', expected, got)).to.equal(difference);
    });
  }

  it('takes a function that is async for one that is not, and the other way round', () => {
    const async = { ...func({ a: string }, u32), async: true };
    expect(funcDifference('f', func({ a: string }, u32), async)).to.equal(undefined);
    expect(funcDifference('f', async, func({ a: string }, u32))).to.equal(undefined);
  });

  it('says what is there instead of a function', () => {
    expect(funcDifference('f', func({}), { kind: 'instance', exports: new Map() })).to.equal(
      'f: expected a function, got an instance',
    );
  });

  it('shows of a type that stands for a huge tree only its beginning', () => {
    let huge: ValueType = u32;
    for (let level = 0; level < 100; level++) huge = tuple(huge, huge);
    const difference = funcDifference('f', func({}, string), func({}, huge))!;
    expect(difference.length).to.be.below(300);
  });
});
