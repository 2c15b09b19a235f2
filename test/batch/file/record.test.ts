import { expect } from 'chai';
import { FileRecord, parseRecord } from '../../../src/batch/file/record.ts';
import { type Done, deadLetterLine, outputLine, plainLine } from '../../../src/batch/file/result-line.ts';
import { PluginError } from '../../../src/errors.ts';

const parse = (text: string): FileRecord => parseRecord(3, text, [['given', 'yes']]);
/** What was set of a record. */
const fields = (record: FileRecord): object =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
const given = [['given', 'yes']];

describe('parseRecord', () => {
  it('reads a record', () => {
    expect(fields(parse('{"id":"a","plugin":"p","input":"text","options":{"k":"v"}}'))).to.deep.equal({
      line: 3,
      index: -1,
      ordinal: -1,
      attempts: 0,
      plain: false,
      id: 'a',
      plugin: 'p',
      input: 'text',
      options: [['k', 'v']],
    });
  });

  it('reads the same without and with the short cut for plain ones', () => {
    for (const [id, input] of [
      ['a', 'text'],
      ['', ''],
      ['ä𝄞', 'ü\u2028'],
      [undefined, 'text'],
    ]) {
      const plain = JSON.stringify({ id, input });
      const other = ` ${plain} `;
      expect({ ...parse(plain), plain: false }).to.deep.equal({ ...parse(other) });
      expect(fields(parse(plain))).to.deep.include({ input, options: given });
    }
    expect(parse(JSON.stringify({ id: 'a"', input: 'b\\\n"' }))).to.include({ id: 'a"', input: 'b\\\n"' });
  });

  it('gives options to the record that brings none', () => {
    expect(parse('{"input":""}')).to.deep.include({ input: '', options: given });
  });

  it('takes a key of the prototype as any other', () => {
    const record = parse('{"input":"a","__proto__":{"id":"b"},"options":{"__proto__":"v"}}');
    expect(record).to.deep.include({ id: undefined, input: 'a', options: [['__proto__', 'v']] });
  });

  it('leaves other fields alone', () => {
    expect(parse('{"input":"a","line":9,"error":{"code":"ERR_TRAP"}}')).to.include({ input: 'a', line: 3 });
  });

  const malformed = [
    ['nonsense', /^it is not JSON: /],
    ['{"input":"a"', /^it is not JSON: /],
    ['{"input":"a\tb"}', /^it is not JSON: /],
    ['{"input":"a"b"}', /^it is not JSON: /],
    ['null', /^it is not an object$/],
    ['["a"]', /^it is not an object$/],
    ['"a"', /^it is not an object$/],
    ['{}', /^it has no `input`$/],
    ['{"input":null}', /^`input` is not a string$/],
    ['{"id":[1],"input":"a"}', /^`id` is no string, number, boolean or null$/],
    ['{"id":{},"input":"a"}', /^`id` is no string, number, boolean or null$/],
    ['{"input":"a\\ud800"}', /^`input` has half of a surrogate pair/],
    ['{"input":"a","options":{"k":"\\udc00"}}', /^`request.options\[0\]` has half of a surrogate pair/],
    ['{"plugin":"","input":"a"}', /^`plugin` is not the name of a plugin$/],
    ['{"input":"a","options":"k=v"}', /`request.options` to be an array of `\[key, value\]` pairs or an object/],
    ['{"input":"a","options":null}', /`request.options` to be an array/],
    ['{"input":"a","options":[["k"]]}', /`request.options\[0\]` to be a pair of strings/],
    ['{"input":"a","options":{"k":1}}', /`request.options\[0\]` to be a pair of strings/],
  ] as const;

  for (const [text, reason] of malformed) {
    it(`says what is wrong with ${text}`, () => {
      const record = parse(text);
      expect(record).to.include({ line: 3, text });
      expect(record.malformed).to.match(reason);
    });
  }

  it('keeps the id of a record that is malformed elsewhere', () => {
    expect(parse('{"id":"a"}')).to.include({ id: 'a' });
  });
});

describe('a record in the output', () => {
  const error = new PluginError('ERR_TRAP', 'It trapped', { hint: 'Mend it.', trap: 'unreachable' });
  /** A record that is done. */
  const done = (record: object, outcome: Partial<Done>): Done => ({
    record: Object.assign(new FileRecord(3, record), { index: 1 }),
    response: undefined,
    error: undefined,
    attempts: 1,
    ...outcome,
  });

  it('says what the plugin answered', () => {
    const response = { output: 'b', success: false, errorMessage: 'c' };
    expect(outputLine(done({ id: 'a' }, { response }))).to.equal(
      '{"id":"a","index":1,"ok":true,"output":"b","success":false,"errorMessage":"c"}',
    );
  });

  it('says why there is no answer', () => {
    expect(outputLine(done({}, { error }))).to.equal(
      '{"index":1,"ok":false,"error":{"code":"ERR_TRAP","message":"It trapped"}}',
    );
  });

  it('is one line, whatever is in it', () => {
    const response = { output: 'a\r\nb\u2028', success: true };
    const one = done({ id: '\n' }, { response });
    expect(outputLine(one).split('\n')).to.have.length(1);
    expect(JSON.parse(outputLine(one))).to.include({ id: '\n', output: response.output });
    expect(plainLine(one)).to.equal('a\\r\\nb\u2028');
    // A backslash and an n are something else.
    expect(plainLine(done({}, { response: { output: 'C:\\new', success: true } }))).to.equal('C:\\\\new');
  });

  it('has what it takes to run it again as a dead letter', () => {
    const record = parse('{"id":"a","input":"text"}');
    const letter = JSON.parse(deadLetterLine(done(record, { error })));
    expect(letter).to.deep.equal({
      id: 'a',
      input: 'text',
      options: [['given', 'yes']],
      index: 1,
      line: 3,
      attempts: 1,
      failures: { ERR_TRAP: 1 },
      verdict: 'failed',
      error: { code: 'ERR_TRAP', message: 'It trapped', hint: 'Mend it.' },
    });
    expect(fields(parseRecord(3, JSON.stringify(letter), []))).to.deep.equal({
      ...fields(record),
      attempts: 1,
      failures: { ERR_TRAP: 1 },
      plain: false,
    });
  });

  for (const id of [
    '7',
    '-1.5',
    'true',
    'false',
    'null',
    '12345678901234567890',
    '1e400',
    '0.10000000000000000001',
    '"\\ud800"',
  ]) {
    it(`has the id ${id} as it came`, () => {
      const record = parse(`{"id": ${id}, "input": "a"}`);
      expect(record.malformed).to.equal(undefined);
      const response = { output: 'b', success: true };
      expect(outputLine(done(record, { response }))).to.equal(
        `{"id":${id},"index":1,"ok":true,"output":"b","success":true}`,
      );
      expect(deadLetterLine(done(record, { error }))).to.match(/^\{"id":/);
      expect(deadLetterLine(done(record, { error })).slice(6)).to.satisfy((rest: string) => rest.startsWith(`${id},`));
      const malformed = parse(`{"id": ${id}}`);
      expect(outputLine(done(malformed, { error }))).to.satisfy((line: string) => line.startsWith(`{"id":${id},`));
    });
  }

  it('has the fields of others in a dead letter as they came, also when it is run again', () => {
    const record = parse(
      '{"input":"a","source":{"url":"x","at":[1.10,12345678901234567890]},"__proto__":1,"line":"L","error":null}',
    );
    const letter = deadLetterLine(done(record, { error }));
    expect(letter).to.contain('"source":{"url":"x","at":[1.10,12345678901234567890]},"__proto__":1,');
    expect(letter).to.contain('"own":{"line":"L","error":null}');
    const again = deadLetterLine(done(parse(letter), { error }));
    const once = '"attempts":1,"failures":{"ERR_TRAP":1},"verdict":"failed"';
    const twice = '"attempts":2,"failures":{"ERR_TRAP":2},"verdict":"poison"';
    expect(again).to.equal(letter.replace(once, twice));
  });
});
