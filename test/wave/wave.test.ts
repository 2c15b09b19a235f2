import { expect } from 'chai';
import type { ValueType } from '../../src/component/types.ts';
import { PluginError } from '../../src/errors.ts';
import { parseWave } from '../../src/wave/parse.ts';
import { printWave } from '../../src/wave/print.ts';

const of = (kind: 'bool' | 'char' | 'f64' | 's8' | 'string' | 'u8' | 'u32' | 'u64'): ValueType => ({ kind });
const option = (some: ValueType): ValueType => ({ kind: 'option', some });
const list = (element: ValueType): ValueType => ({ kind: 'list', element, length: undefined });
const LINE: ValueType = {
  kind: 'record',
  fields: [
    { name: 'unit-price', type: of('f64') },
    { name: 'note', type: option(of('string')) },
  ],
};
const SHAPE: ValueType = {
  kind: 'variant',
  cases: [
    { name: 'dot', type: undefined },
    { name: 'circle', type: of('u8') },
  ],
};
const RIGHTS: ValueType = { kind: 'flags', names: ['read', 'write-all'] };
const COLOUR: ValueType = { kind: 'enum', names: ['dark-red', 'green'] };
const OUTCOME: ValueType = { kind: 'result', ok: of('u8'), error: of('string') };
const NOTES: ValueType = { kind: 'record', fields: [{ name: 'note', type: option(of('string')) }] };

describe('WAVE', () => {
  const values: [text: string, type: ValueType, value: unknown, printed?: string][] = [
    ['true', of('bool'), true],
    [' 7 ', of('u8'), 7, '7'],
    ['-128', of('s8'), -128],
    ['18446744073709551615', of('u64'), 2n ** 64n - 1n],
    ['1.5e3', of('f64'), 1500, '1500'],
    ['-inf', of('f64'), Number.NEGATIVE_INFINITY],
    ['nan', of('f64'), Number.NaN],
    ['-0', of('f64'), -0],
    ["'☃'", of('char'), '☃'],
    ["'\\''", of('char'), "'"],
    ['"a \\"b\\" \\\\ \\n \\u{1f600}"', of('string'), 'a "b" \\ \n 😀', '"a \\"b\\" \\\\ \\n 😀"'],
    ['"it\'s \\u{7}"', of('string'), "it's \u0007"],
    ['[1, 2,] // two', list(of('u8')), new Uint8Array([1, 2]), '[1, 2]'],
    ['["a"]', list(of('string')), ['a']],
    ['[]', list(of('string')), []],
    ['(1, "a")', { kind: 'tuple', elements: [of('u8'), of('string')] }, [1, 'a']],
    ['{note: "n", unit-price: 2}', LINE, { note: 'n', unitPrice: 2 }, '{unit-price: 2, note: some("n")}'],
    ['{unit-price: 2}', LINE, { unitPrice: 2 }],
    ['{:}', NOTES, {}],
    ['dot', SHAPE, { tag: 'dot' }],
    ['circle(3)', SHAPE, { tag: 'circle', val: 3 }],
    ['{write-all}', RIGHTS, { read: false, writeAll: true }],
    ['{}', RIGHTS, { read: false, writeAll: false }],
    ['dark-red', COLOUR, 'dark-red'],
    ['%green', COLOUR, 'green', 'green'],
    ['none', option(of('u8')), undefined],
    ['some(1)', option(of('u8')), 1],
    ['1', option(of('u8')), 1, 'some(1)'],
    ['some(none)', option(option(of('u8'))), { tag: 'some', val: undefined }],
    ['none', option(option(of('u8'))), { tag: 'none' }],
    ['ok(1)', OUTCOME, { tag: 'ok', val: 1 }],
    ['1', OUTCOME, { tag: 'ok', val: 1 }, 'ok(1)'],
    ['err("no")', OUTCOME, { tag: 'err', val: 'no' }],
    ['ok', { kind: 'result', ok: undefined, error: undefined }, { tag: 'ok', val: undefined }],
  ];
  for (const [text, type, value, printed = text.trim()] of values) {
    it(`reads ${text} and writes ${printed}`, () => {
      expect(parseWave(text, type)).to.deep.equal(value);
      expect(printWave(value, type)).to.equal(printed);
    });
  }

  const mistakes: [text: string, type: ValueType, message: string][] = [
    ['256', of('u8'), 'Expected a u8 at character 1, got `256`'],
    ['-1', of('u32'), 'Expected a u32 at character 1, got `-1`'],
    ['1.5', of('u32'), 'Expected a u32 at character 1, got `1.5`'],
    ['truer', of('bool'), 'Expected true or false at character 1, got `truer`'],
    ['1 2', of('u8'), 'Expected the end at character 3, got `2`'],
    ['"a', of('string'), 'Expected `"` or an escape at character 3, got the end'],
    ['"\\u{d800}"', of('string'), 'Expected a Unicode scalar value at character 10, got `"`'],
    ["'ab'", of('char'), "Expected one character, in single quotes at character 1, got `'ab'`"],
    ['[1, x]', list(of('u8')), 'Expected a u8 at character 5, got `x]`'],
    [
      '{unit-price: 1, price: 2}',
      LINE,
      'Expected one of the fields unit-price, note, once at character 17, got `price: 2}`',
    ],
    ['{note: "n"}', LINE, 'Expected the field unit-price at character 11, got `}`'],
    ['square', SHAPE, 'Expected one of dot, circle at character 1, got `square`'],
    ['circle', SHAPE, 'Expected `(` at character 7, got the end'],
  ];
  for (const [text, type, message] of mistakes) {
    it(`says where ${text} is no ${type.kind}`, () => {
      expect(() => parseWave(text, type))
        .to.throw(PluginError)
        .that.includes({ code: 'ERR_INVALID_ARGUMENT', message });
    });
  }
});
