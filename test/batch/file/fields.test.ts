import { expect } from 'chai';
import { textAt, toFieldPath, valueAt } from '../../../src/batch/file/field-path.ts';
import { type RecordFieldsOptions, resolveFields, USUAL_FIELDS } from '../../../src/batch/file/fields.ts';
import { type FileRecord, parseRecord } from '../../../src/batch/file/record.ts';
import { deadLetterLine, outputLine } from '../../../src/batch/file/result-line.ts';
import { PluginError } from '../../../src/errors.ts';

const parse = (text: string, fields: RecordFieldsOptions, passFields = false): FileRecord =>
  parseRecord(1, text, [['given', 'yes']], resolveFields(fields, passFields));

describe('toFieldPath', () => {
  const paths: readonly [string, readonly string[]][] = [
    ['text', ['text']],
    ['.body.text', ['body', 'text']],
    ['items.0.text', ['items', '0', 'text']],
    ['items[0].text', ['items', '0', 'text']],
    ['/body/text', ['body', 'text']],
    ['/user.name', ['user.name']],
    ['/a~1b/m~0n', ['a/b', 'm~n']],
    ['/', ['']],
  ];
  for (const [text, steps] of paths) {
    it(`reads ${text}`, () => expect(toFieldPath('field', text).steps).to.deep.equal(steps));
  }

  for (const text of ['', '.', 'a..b', 'a.', '/a~2', 7]) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      expect(() => toFieldPath('field', text)).to.throw(PluginError, /^Expected `field` to be a path/));
  }

  it('finds nothing of a prototype, and only places in arrays', () => {
    for (const path of ['constructor', '__proto__', 'list.length', 'list.00', 'list.-1', 'text.length', 'none.a']) {
      expect(valueAt({ list: ['a'], text: 'a', none: null }, toFieldPath('field', path)), path).to.equal(undefined);
    }
    expect(valueAt(JSON.parse('{"__proto__":"own"}'), toFieldPath('field', '__proto__'))).to.equal('own');
  });

  it('finds the text of a value', () => {
    expect(textAt('{"a":[0,{"b":1.50}]}', toFieldPath('field', 'a.1.b'))).to.equal('1.50');
  });
});

describe('a record whose fields stand elsewhere', () => {
  it('is read by its paths', () => {
    const text = '{"body":{"text":"t"},"meta":{"key":12345678901234567890,"to":"p","how":{"k":"v"}},"input":"no"}';
    const fields = { input: 'body.text', id: '/meta/key', plugin: 'meta.to', options: 'meta.how' };
    expect(parse(text, fields)).to.deep.include({
      input: 't',
      idText: '12345678901234567890',
      plugin: 'p',
      options: [['k', 'v']],
      malformed: undefined,
    });
  });

  it('may have any field of the usual names that is said to be none', () => {
    const record = parse('{"text":"t","id":{},"options":7,"plugin":null}', {
      input: 'text',
      id: false,
      options: false,
      plugin: false,
    });
    expect(record).to.deep.include({ input: 't', options: [['given', 'yes']], malformed: undefined });
  });

  const malformed: readonly [RecordFieldsOptions, string, string][] = [
    [{ input: 'body.text' }, '{"input":"t"}', 'it has no `body.text`'],
    [
      { input: 'body.text' },
      '{"body.text":"t"}',
      'it has no `body.text`; for the field with dots in its name say `/body.text`',
    ],
    [{ input: 'body.text' }, '{"body":{"text":7}}', '`body.text` is not a string'],
    [{ input: 'text' }, '{"text":"\\udc00"}', '`text` has half of a surrogate pair, which is no Unicode'],
    [{ id: 'key' }, '{"input":"t"}', 'it has no `key`'],
    [{ id: 'key' }, '{"input":"t","key":[]}', '`key` is no string, number, boolean or null'],
    [{ plugin: 'to' }, '{"input":"t","to":1}', '`to` is not the name of a plugin'],
  ];
  for (const [fields, text, reason] of malformed) {
    it(`is an error: ${reason}`, () => expect(parse(text, fields).malformed).to.equal(reason));
  }

  it('has its other fields in the output where that is wanted, as they came', () => {
    const record = parse(
      '{"a": 1.00, "text":"t", "output":"mine", "key":7, "body":{"x":[1e3]}}',
      { input: 'text', id: 'key' },
      true,
    );
    record.index = 4;
    const done = { record, response: { output: 'T', success: true }, error: undefined, attempts: 1 };
    expect(outputLine(done)).to.equal(
      '{"id":7,"index":4,"ok":true,"output":"T","success":true,"a":1.00,"body":{"x":[1e3]},"own":{"output":"mine"}}',
    );
    const error = new PluginError('ERR_TRAP', 'It trapped');
    expect(outputLine({ record, response: undefined, error, attempts: 1 })).to.match(/"own":\{"output":"mine"\}\}$/);
  });

  it('has none of them there otherwise', () => {
    const record = parse('{"text":"t","a":1}', { input: 'text' });
    const done = { record, response: { output: 'T', success: true }, error: undefined, attempts: 1 };
    expect(outputLine(done)).to.equal('{"index":-1,"ok":true,"output":"T","success":true}');
  });

  it('comes out of its dead letter as it went in, whatever its fields are called', () => {
    const error = new PluginError('ERR_TRAP', 'It trapped');
    const texts = [
      '{"text":"t","key":1.50,"index":"mine","own":{"own":1},"error":{"code":"E"},"input":5,"file":null}',
      '{"text":"Line 1 is malformed: no","key":null,"line":3}',
    ];
    for (const text of texts) {
      const fields = { input: 'text', id: 'key' };
      const record = parse(text, fields);
      record.index = 0;
      const letter = deadLetterLine({ record, response: undefined, error, attempts: 1 });
      const again = parse(letter, fields);
      expect(again).to.deep.include({ input: record.input, idText: record.idText, attempts: 1, malformed: undefined });
      const sorted = (source: string): unknown => Object.entries(JSON.parse(source)).sort();
      expect(sorted(again.source!)).to.deep.equal(sorted(text));
    }
  });

  it('comes out of the letter of a line that was none as that line', () => {
    const first = parse('{"a":1}', { input: 'text' });
    first.index = 0;
    const error = new PluginError('ERR_INVALID_ARGUMENT', `Line 1 is malformed: ${first.malformed}`);
    const letter = deadLetterLine({ record: first, response: undefined, error, attempts: 0 });
    expect(parse(letter, { input: 'text' })).to.include({ malformed: 'it has no `text`', text: '{"a":1}' });
  });
});

describe('resolveFields', () => {
  it('says so where all is as usual', () => {
    expect(resolveFields()).to.equal(USUAL_FIELDS);
    expect(resolveFields({}, false)).to.equal(USUAL_FIELDS);
  });
});
