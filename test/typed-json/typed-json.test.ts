import { inspect } from 'node:util';
import { expect } from 'chai';
import type { TypeNode } from '../../src/canonical-abi/plan/plan.ts';
import { fromJson } from '../../src/typed-json/from-json.ts';
import { toJson } from '../../src/typed-json/to-json.ts';
import { thrown } from '../support/outcome.ts';

/** Parts come before what they are part of. */
const TYPES: readonly TypeNode[] = [
  { kind: 'u8' },
  { kind: 'u64' },
  { kind: 'f64' },
  { kind: 'string' },
  { kind: 'list', element: 0 },
  { kind: 'option', some: 3 },
  { kind: 'option', some: 5 },
  {
    kind: 'record',
    fields: [
      { name: 'the-price', type: 2 },
      { name: 'constructor', type: 5 },
    ],
  },
  { kind: 'variant', cases: [{ name: 'dot' }, { name: 'many', type: 4 }] },
  { kind: 'flags', names: ['left', 'right-hand'] },
  { kind: 'enum', names: ['red', 'dark-green'] },
  { kind: 'result', ok: 1, error: 3 },
  { kind: 'tuple', elements: [0, 3] },
  { kind: 's64' },
  { kind: 'char' },
  { kind: 'bool' },
  { kind: 'list', element: 1 },
  { kind: 'list', element: 2, length: 2 },
  { kind: 's8' },
  { kind: 'f32' },
];
const at = (kind: TypeNode['kind'], occurrence = 0): number =>
  TYPES.flatMap((type, index) => (type.kind === kind ? index : []))[occurrence]!;

describe('values of WIT in JSON', () => {
  const same: [index: number, json: unknown, value: unknown][] = [
    [at('u8'), 255, 255],
    [at('s8'), -128, -128],
    [at('u64'), '18446744073709551615', 18446744073709551615n],
    [at('s64'), '-9223372036854775808', -9223372036854775808n],
    [at('f64'), 1.5, 1.5],
    [at('f64'), '-Infinity', -Infinity],
    [at('char'), '💛', '💛'],
    [at('bool'), false, false],
    [at('list'), 'AAH/', Uint8Array.of(0, 1, 255)],
    [at('list', 1), ['1', '2'], [1n, 2n]],
    [at('list', 2), [1, 'NaN'], [1, Number.NaN]],
    [at('option'), null, undefined],
    [at('option'), 'x', 'x'],
    [at('option', 1), { tag: 'some', val: null }, { tag: 'some', val: undefined }],
    [at('option', 1), { tag: 'none' }, { tag: 'none' }],
    [at('record'), { thePrice: 1, constructor: null }, { thePrice: 1, constructor: undefined }],
    [at('variant'), { tag: 'many', val: '' }, { tag: 'many', val: new Uint8Array() }],
    [at('variant'), { tag: 'dot' }, { tag: 'dot' }],
    [at('flags'), { left: true, rightHand: false }, { left: true, rightHand: false }],
    [at('enum'), 'dark-green', 'dark-green'],
    [at('result'), { tag: 'ok', val: '7' }, { tag: 'ok', val: 7n }],
    [at('result'), { tag: 'err', val: 'no' }, { tag: 'err', val: 'no' }],
    [at('tuple'), [1, 'a'], [1, 'a']],
  ];
  for (const [index, json, value] of same) {
    it(`${JSON.stringify(json)} is a ${TYPES[index]!.kind}, there and back`, () => {
      expect(fromJson(TYPES, index, json, 'x')).to.deep.equal(value);
      expect(JSON.parse(JSON.stringify(toJson(TYPES, index, value)))).to.deep.equal(json);
    });
  }

  it('take what JSON writes in more than one way', () => {
    expect(fromJson(TYPES, at('u64'), 7, 'x')).to.equal(7n);
    expect(fromJson(TYPES, at('list'), [0, 1], 'x')).to.deep.equal([0, 1]);
    expect(fromJson(TYPES, at('record'), { thePrice: 2 }, 'x')).to.deep.equal({ thePrice: 2, constructor: undefined });
    expect(fromJson(TYPES, at('flags'), {}, 'x')).to.deep.equal({ left: false, rightHand: false });
  });

  const wrong: [index: number, json: unknown, message: RegExp][] = [
    [at('u8'), 256, /^x: expected a whole number from 0 to 255, got 256$/],
    [at('u8'), 1.5, /^x: expected a whole number/],
    [at('u64'), '18446744073709551616', /^x: expected a u64/],
    [at('u64'), '-1', /^x: expected a u64/],
    [at('u64'), 2 ** 53, /^x: expected a u64/],
    [at('s64'), '9'.repeat(1_000_000), /^x: expected a s64/],
    [at('f64'), 'nan', /^x: expected a number/],
    [at('f32'), 1e300, /^x: expected a number that an f32 holds, got 1e\+300$/],
    [at('char'), 'ab', /^x: expected one character/],
    [at('string'), '\ud800', /^x: expected a text/],
    [at('bool'), 'true', /^x: expected true or false/],
    [at('list'), 'AAE', /^x: expected bytes in base64/],
    [at('list'), 'A===', /^x: expected bytes in base64/],
    [at('list'), '====', /^x: expected bytes in base64/],
    [at('list'), 'AA==AAAA', /^x: expected bytes in base64/],
    [at('list'), [0, 300], /^x\[1\]: expected a whole number from 0 to 255/],
    [at('list', 2), [1], /^x: expected an array of 2 elements, got an array of 1$/],
    [at('record'), { thePrice: '1' }, /^x\.thePrice: expected a number/],
    [at('record'), {}, /^x\.thePrice: expected a number, got nothing$/],
    [at('record'), { thePrice: 1, toString: 2 }, /`x` has no option `toString`/],
    [at('record'), [], /^x: expected an object, got an array of 0$/],
    [at('variant'), { tag: 'few' }, /^x\.tag: expected one of "dot", "many"/],
    [at('variant'), { tag: 'dot', val: 1 }, /^x\.val: expected nothing, got 1$/],
    [at('flags'), { left: 1 }, /^x\.left: expected true or false/],
    [at('enum'), 'toString', /^x: expected one of "red", "dark-green"/],
    [at('tuple'), [1], /^x: expected an array of 2 elements/],
  ];
  for (const [index, json, message] of wrong) {
    it(`${JSON.stringify(json).slice(0, 40)} is no ${TYPES[index]!.kind}, and it says where`, () => {
      const error = thrown(() => fromJson(TYPES, index, json, 'x'));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.match(message);
    });
  }

  it('are no numbers that JSON has and no float holds', () => {
    const error = thrown(() => fromJson(TYPES, at('f64'), JSON.parse('1e999'), 'x'));
    expect(error.message).to.equal('x: expected a number that an f64 holds, got Infinity');
  });

  it('are bytes of any length', () => {
    const bytes = fromJson(TYPES, at('list'), 'AAEC'.repeat(4 * 1024 * 1024), 'x') as Uint8Array;
    expect([bytes.length, bytes.at(-1)]).to.deep.equal([12 * 1024 * 1024, 2]);
  });

  const forged: [index: number, value: unknown][] = [
    [at('u8'), '7'],
    [at('u64'), 7],
    [at('f64'), {}],
    [at('string'), 7],
    [at('bool'), 1],
    // Anybody who went through it would be at it for hours.
    [at('list'), { length: 2 ** 31 }],
    [at('list', 1), { length: 2 ** 31 }],
    [at('list'), BigUint64Array.of(1n)],
    [at('record'), undefined],
    [at('record'), {}],
    [at('variant'), { tag: 'toString' }],
    [at('option', 1), null],
    [at('flags'), 7],
    [at('enum'), 'blue'],
    [at('result'), []],
    [at('tuple'), { length: 2, 0: 1, 1: 'a' }],
  ];
  for (const [index, value] of forged) {
    it(`are not made of what is no ${TYPES[index]!.kind}, as a process that was taken over may answer: ${inspect(value)}`, () => {
      const error = thrown(() => JSON.stringify(toJson(TYPES, index, value)));
      expect([error.code, error.message]).to.deep.equal([
        'ERR_INVALID_RESPONSE',
        'What the function returned is no value of its type',
      ]);
    });
  }
});
