import { expect } from 'chai';
import { deadLetterLine, outputLine, parseRecord } from '../../../src/batch/file/record.ts';
import { PluginError } from '../../../src/errors.ts';

const parse = (text: string) => parseRecord({ number: 3, text }, [['given', 'yes']]);

describe('parseRecord', () => {
  it('reads a record', () => {
    expect(parse('{"id":"a","input":"text","options":{"k":"v"}}')).to.deep.equal({
      line: 3,
      request: { id: 'a', input: 'text', options: [['k', 'v']] },
    });
  });

  it('gives options to the record that brings none', () => {
    expect(parse('{"input":""}')).to.deep.equal({ line: 3, request: { input: '', options: [['given', 'yes']] } });
  });

  it('takes a key of the prototype as any other', () => {
    const record = parse('{"input":"a","__proto__":{"id":"b"},"options":{"__proto__":"v"}}');
    expect(record).to.deep.equal({ line: 3, request: { input: 'a', options: [['__proto__', 'v']] } });
  });

  it('leaves other fields alone', () => {
    expect(parse('{"input":"a","line":9,"error":{"code":"ERR_TRAP"}}')).to.have.nested.property('request.input', 'a');
  });

  const malformed = [
    ['nonsense', /^it is not JSON: /],
    ['{"input":"a"', /^it is not JSON: /],
    ['null', /^it is not an object$/],
    ['["a"]', /^it is not an object$/],
    ['"a"', /^it is not an object$/],
    ['{}', /^it has no `input`$/],
    ['{"input":null}', /^`input` is not a string$/],
    ['{"id":1,"input":"a"}', /^`id` is not a string$/],
    ['{"input":"a","options":"k=v"}', /`request.options` to be an array of `\[key, value\]` pairs or an object/],
    ['{"input":"a","options":null}', /`request.options` to be an array/],
    ['{"input":"a","options":[["k"]]}', /`request.options\[0\]` to be a pair of strings/],
    ['{"input":"a","options":{"k":1}}', /`request.options\[0\]` to be a pair of strings/],
  ] as const;

  for (const [text, reason] of malformed) {
    it(`says what is wrong with ${text}`, () => {
      const record = parse(text);
      expect(record).to.deep.include({ line: 3, text });
      expect('malformed' in record && record.malformed).to.match(reason);
    });
  }

  it('keeps the id of a record that is malformed elsewhere', () => {
    expect(parse('{"id":"a"}')).to.include({ id: 'a' });
  });
});

describe('a record in the output', () => {
  const error = new PluginError('ERR_TRAP', 'It trapped', { hint: 'Mend it.', trap: 'unreachable' });

  it('says what the plugin answered', () => {
    const result = { id: 'a', index: 0, ok: true, output: 'b', success: false, errorMessage: 'c' } as const;
    expect(outputLine(result)).to.equal(
      '{"id":"a","index":0,"ok":true,"output":"b","success":false,"errorMessage":"c"}',
    );
  });

  it('says why there is no answer', () => {
    expect(outputLine({ id: undefined, index: 1, ok: false, error, attempts: 1 })).to.equal(
      '{"index":1,"ok":false,"error":{"code":"ERR_TRAP","message":"It trapped"}}',
    );
  });

  it('is one line, whatever is in it', () => {
    const line = outputLine({ id: '\n', index: 0, ok: true, output: 'a\r\nb\u2028', success: true });
    expect(line.split('\n')).to.have.length(1);
  });

  it('has what it takes to run it again as a dead letter', () => {
    const record = parse('{"id":"a","input":"text"}');
    const letter = JSON.parse(deadLetterLine(record, { id: 'a', index: 0, ok: false, error, attempts: 1 }));
    expect(letter).to.deep.equal({
      id: 'a',
      input: 'text',
      options: [['given', 'yes']],
      index: 0,
      line: 3,
      attempts: 1,
      error: { code: 'ERR_TRAP', message: 'It trapped', hint: 'Mend it.' },
    });
    expect(parseRecord({ number: 3, text: JSON.stringify(letter) }, [])).to.deep.equal({ ...record, attempts: 1 });
  });
});
