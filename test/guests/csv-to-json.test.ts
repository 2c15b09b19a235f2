import { readFile } from 'node:fs/promises';
import { WASIShim } from '@bytecodealliance/preview2-shim/instantiation';
import { expect } from 'chai';
import fc from 'fast-check';
import { pluginFiles } from '../../examples/plugins/files.ts';
import { type Pairs, type PluginApi, type Response, type Started, underBothBindings } from './glue.ts';

underBothBindings('the example plugin csv-to-json', (start) => {
  let api: PluginApi;
  const started = async (config: Pairs = []): Promise<Started> =>
    start(await readFile(pluginFiles.csvToJson), config, { ...new WASIShim().getImportObject() });
  const process = (input: string, options: Pairs = []): Response => api.process({ input, options });
  const json = (input: string, options: Pairs = []): unknown => JSON.parse(process(input, options).output);

  before(async () => {
    ({ api } = await started());
  });

  it('says what it is', () => {
    expect(api.getMetadata()).to.deep.equal({
      name: 'csv-to-json',
      version: '1.0.0',
      description: 'Turns CSV (RFC 4180) into a JSON array',
    });
  });

  it('names fields by the header', () => {
    expect(json('name,age\nAda,36\nBob,7\n')).to.deep.equal([
      { name: 'Ada', age: '36' },
      { name: 'Bob', age: '7' },
    ]);
  });

  it('reads quoted fields with quotes, delimiters and line breaks in them', () => {
    expect(json('a,b\r\n"x ""y"", z","1\r\n2"\r\n"",\r\n')).to.deep.equal([
      { a: 'x "y", z', b: '1\r\n2' },
      { a: '', b: '' },
    ]);
  });

  it('takes LF, CRLF and CR, passes over a byte order mark and empty lines, and needs no break at the end', () => {
    const expected = [{ a: '1' }, { a: '' }, { a: '2' }];
    expect(json('\ufeffa\n1\r\n\n""\r2')).to.deep.equal(expected);
  });

  it('keeps the order of columns, also where their names are numbers or inherited', () => {
    expect(process('2,1,__proto__\nb,a,c').output).to.equal('[{"2":"b","1":"a","__proto__":"c"}]');
  });

  it('answers with arrays when there is no header', () => {
    expect(json('a,b\n1,2', [['header', 'false']])).to.deep.equal([
      ['a', 'b'],
      ['1', '2'],
    ]);
    expect(json('')).to.deep.equal([]);
  });

  for (const delimiter of [';', '|', ']', '^', '\\', '-', '😀', ' ']) {
    it(`splits at ${delimiter}`, () => {
      expect(json(`a${delimiter}b\n1${delimiter}"2${delimiter}"`, [['delimiter', delimiter]])).to.deep.equal([
        { a: '1', b: `2${delimiter}` },
      ]);
    });
  }

  it('splits at tabs', () => {
    expect(json('a\tb\n1\t2', [['delimiter', 'tab']])).to.deep.equal([{ a: '1', b: '2' }]);
  });

  for (const [input, message] of [
    ['a,b\n1,2\n3', 'line 3: 1 field where the first record has 2 fields'],
    ['a\n"x\ny"\n1,2', 'line 4: 2 fields where the first record has 1 field'],
    ['a\n\n"b', 'line 3: a quoted field begins here and is never closed'],
    ['a,b\n"1\n2" ,3', 'line 3: text follows a closing quote'],
    ['a,b"c', 'line 1: a quote stands inside an unquoted field'],
    ['a,b,a', 'line 1: two columns are called "a"'],
  ] as const) {
    it(`refuses ${JSON.stringify(input)}`, () => {
      expect(process(input)).to.deep.equal({ output: '', success: false, errorMessage: message });
    });
  }

  for (const [option, message] of [
    [['header', 'yes'], 'option "header" is "yes"; expected "true" or "false"'],
    [['delimiter', ', '], 'option "delimiter" is ", "; expected one character, or "tab"'],
    [['delimiter', '"'], 'option "delimiter" is "\\""; expected one character, or "tab"'],
    [['constructor', ''], 'unknown option "constructor"; known are: delimiter, header'],
  ] as const) {
    it(`refuses the option ${option.join('=')}`, () => {
      expect(process('', [option])).to.deep.equal({ output: '', success: false, errorMessage: message });
    });
  }

  it('takes its defaults from the configuration', async () => {
    const { api, heard } = await started([
      ['delimiter', ';'],
      ['header', 'false'],
    ]);
    expect(api.process({ input: 'a;b', options: [] }).output).to.equal('[["a","b"]]');
    expect(api.process({ input: 'a;b\n1;2', options: [['header', 'true']] }).output).to.equal('[{"a":"1","b":"2"}]');
    expect(heard.logs).to.deep.equal([['info', 'defaults: {"delimiter":";","header":false}']]);
  });

  it('does not start with a bad configuration', async () => {
    const error = await started([['delimiter', '']]).catch((error: { payload?: unknown }) => error.payload);
    expect(error).to.equal('option "delimiter" is ""; expected one character, or "tab"');
  });

  it('gives back any table of text', () => {
    const table = fc
      .integer({ min: 1, max: 4 })
      .chain((width) =>
        fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: width, maxLength: width }), { maxLength: 5 }),
      );
    fc.assert(
      fc.property(table, (records) => {
        const csv = records.map((fields) => fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(','));
        expect(json(csv.join('\r\n'), [['header', 'false']])).to.deep.equal(records);
      }),
    );
  });

  it('answers anything with JSON or with the number of a line', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('"', ',', '\n', '\r', 'a', '😀')), (pieces) => {
        const { output, success, errorMessage } = process(pieces.join(''));
        if (success) expect(JSON.parse(output)).to.be.an('array');
        else expect(errorMessage).to.match(/^line [1-9]\d*: /);
      }),
    );
  });
});
