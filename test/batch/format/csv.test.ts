import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { type RecordFieldsOptions, resolveFields } from '../../../src/batch/file/fields.ts';
import type { FileRecord } from '../../../src/batch/file/record.ts';
import { UnusableTable } from '../../../src/batch/format/columns.ts';
import { CsvDecoder } from '../../../src/batch/format/csv-decoder.ts';
import { CsvEncoder } from '../../../src/batch/format/csv-encoder.ts';
import { type CsvOptions, resolveCsv } from '../../../src/batch/format/csv-options.ts';
import { RESULT_COLUMNS, type ResultColumn } from '../../../src/batch/format/result-row.ts';
import { RowCounter } from '../../../src/batch/format/row-counter.ts';

/** The names of columns. */
type Columns = RecordFieldsOptions & { readonly optionColumns?: readonly string[] };

/** What is read of a text that comes in pieces of so many bytes. */
async function decode(
  text: string | Buffer,
  { csv = {}, columns = {}, piece = 64 * 1024, format = 'csv' as 'csv' | 'tsv' } = {} as {
    readonly csv?: CsvOptions;
    readonly columns?: Columns;
    readonly piece?: number;
    readonly format?: 'csv' | 'tsv';
  },
): Promise<FileRecord[]> {
  const { optionColumns = 'the others' as const, ...fields } = columns;
  const form = { fields: resolveFields(fields), optionColumns, options: [] };
  const decoder = new CsvDecoder(resolveCsv('csv', csv, format, 'read'), form);
  const bytes = Buffer.from(text as string);
  const records: FileRecord[] = [];
  const take = (): void => {
    for (let record = decoder.next(); record !== undefined; record = decoder.next()) records.push(record);
  };
  for (let at = 0; at < bytes.length; at += piece) {
    await decoder.push(bytes.subarray(at, at + piece));
    take();
  }
  await decoder.end();
  take();
  return records;
}

/** A file of results, and how many rows somebody counts who looks for them in the bytes. */
async function encode(
  lines: readonly unknown[],
  options: CsvOptions = {},
  columns: readonly ResultColumn[] = RESULT_COLUMNS,
): Promise<{ readonly text: string; readonly rows: number }> {
  const csv = resolveCsv('outputCsv', options, 'csv', 'written');
  const encoder = await CsvEncoder.open(csv, columns);
  const blocks = lines.map((line) => encoder.encode(Buffer.from(`${JSON.stringify(line)}\n`)));
  const bytes = Buffer.concat([encoder.begin(), ...blocks, encoder.end()]);
  const counter = new RowCounter(csv);
  for (let at = 0; at < bytes.length; at += 3) counter.take(bytes.subarray(at, at + 3));
  return { text: bytes.toString(), rows: counter.records };
}

const inputs = (records: readonly FileRecord[]): (string | undefined)[] =>
  records.map(({ malformed, input }) => malformed ?? input);

describe('CSV that is read', () => {
  it('with other delimiters and quotes', async () => {
    const semicolons = await decode("id;input\na;'x; ''y'''\nb;z\n", { csv: { delimiter: ';', quote: "'" } });
    expect(inputs(semicolons)).to.deep.equal(["x; 'y'", 'z']);
    expect(inputs(await decode('id\tinput\na\t"x\ty"\n', { format: 'tsv' }))).to.deep.equal(['x\ty']);
    expect(inputs(await decode('id→input\na→b\n', { csv: { delimiter: '→' } }))).to.deep.equal(['b']);
  });

  it('without quotes, which then are characters as others', async () => {
    const records = await decode('id\tinput\na\t5" pipe\n', { format: 'tsv', csv: { quote: false } });
    expect(inputs(records)).to.deep.equal(['5" pipe']);
  });

  it('without a header, by numbers', async () => {
    const columns = { input: '2', id: '1', optionColumns: ['3'] };
    const records = await decode('a,x,de\nb,y,en\n', { csv: { header: false }, columns });
    expect(records.map(({ id, input, options, line }) => [line, id, input, options])).to.deep.equal([
      [1, 'a', 'x', [['3', 'de']]],
      [2, 'b', 'y', [['3', 'en']]],
    ]);
  });

  it('without a header, by the columns of the first row that is one', async () => {
    const columns = { input: '2', id: '1', optionColumns: ['3'] };
    const records = await decode('a,"x" y\nb,y,en\nc,z,de\n', { csv: { header: false }, columns });
    expect(records.map(({ malformed, text, input }) => malformed ?? text ?? input)).to.deep.equal([
      'its column 2 goes on after its closing quote',
      'y',
      'z',
    ]);
  });

  it('with the columns that somebody names', async () => {
    const columns = { input: 'body', id: 'mail', optionColumns: ['lang'] };
    const [record] = await decode('mail,lang,body,secret\n7,de,text,x\n', { columns });
    expect(record).to.deep.include({ id: '7', input: 'text', options: [['lang', 'de']] });
    expect(
      (await decode('mail,body\n7,text\n', { columns: { ...columns, optionColumns: [] } }))[0]!.options,
    ).to.deep.equal([]);
  });

  it('not without a column that was named, and says which there are', async () => {
    const error = await decode('mail,body\n1,x\n', { columns: { input: 'text' } }).catch((error: unknown) => error);
    expect(error)
      .to.be.instanceOf(UnusableTable)
      .with.property('message', 'it has no column `text`; it has `mail`, `body`');
  });

  it('with errors that name the line on which a record begins', async () => {
    const text = 'input,k\n"a\nb\nc",1\n\nd,2,3\ne"f"g,h\nj,6\n"k"l,7\nm,8\n';
    const records = await decode(text);
    expect(records.map(({ line, malformed, input }) => [line, malformed ?? input])).to.deep.equal([
      [2, 'a\nb\nc'],
      [6, 'it has 3 columns, and the header 2'],
      [7, 'its column 1 has a quote that does not begin the cell'],
      [8, 'j'],
      [9, 'its column 1 goes on after its closing quote'],
      [10, 'm'],
    ]);
  });

  it('by options that make sense', () => {
    const cases: readonly [CsvOptions, 'read' | 'written', RegExp][] = [
      [{ delimiter: '' }, 'read', /csv\.delimiter/],
      [{ delimiter: '\n' }, 'read', /csv\.delimiter/],
      [{ quote: ',' }, 'read', /csv\.quote/],
      [{ quote: '""' }, 'read', /csv\.quote/],
      [{ quote: false }, 'written', /csv\.quote/],
      [{ header: 'no' as unknown as boolean }, 'read', /csv\.header/],
      [{ delimeter: ';' } as CsvOptions, 'read', /no option `delimeter`/],
    ];
    for (const [options, use, message] of cases) {
      expect(() => resolveCsv('csv', options, 'csv', use)).to.throw(message);
    }
  });
});

describe('CSV that is written', () => {
  it('has a header, and cells that are null are not the empty ones', async () => {
    const { text } = await encode([
      { id: 12345678901234567890n.toString(), index: 0, ok: true, output: '', success: true },
      { index: 1, ok: false, error: { code: 'ERR_TRAP', message: 'a "trap", it\nsays' } },
    ]);
    expect(text).to.equal(
      'id,index,ok,output,success,errorCode,errorMessage\n' +
        '12345678901234567890,0,true,"",true,,\n' +
        ',1,false,,,ERR_TRAP,"a ""trap"", it\nsays"\n',
    );
  });

  it('keeps the digits of ids that are numbers', async () => {
    const csv = resolveCsv('outputCsv', undefined, 'csv', 'written');
    const encoder = await CsvEncoder.open(csv, ['id']);
    const line = '{"id":12345678901234567890,"index":0,"ok":true,"output":"","success":true}\n';
    expect(encoder.encode(Buffer.from(line)).toString()).to.equal('12345678901234567890\n');
  });

  it('is what any reader makes the same cells of', async () => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      fc.string({ unit: fc.constantFrom('"', "'", ',', ';', '\t', '\n', '\r', ' ', 'a', '\ufeff', '→') }),
    );
    const options = fc.record({
      delimiter: fc.constantFrom(',', ';', '\t', '|', '→', '::'),
      quote: fc.constantFrom('"', "'", '~'),
      header: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(cell, { minLength: 1, maxLength: 8 }),
        options,
        fc.nat(9),
        async (cells, csv, piece) => {
          const lines = cells.map((output, index) => ({ index, ok: true, output, success: true }));
          const columns: ResultColumn[] = ['output', 'index'];
          const { text, rows } = await encode(lines, csv, columns);
          expect(rows).to.equal(cells.length);
          const names = { input: csv.header ? 'output' : '1', optionColumns: [] };
          const read = await decode(text, { csv, columns: names, piece: piece + 1 });
          expect(inputs(read)).to.deep.equal(cells);
          expect(read.every(({ malformed }) => malformed === undefined)).to.equal(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of one column has a row for each record', async () => {
    const outputs = ['', 'a', '', '\n'];
    const { text, rows } = await encode(
      outputs.map((output, index) => (output === 'a' ? { index, ok: false } : { index, ok: true, output })),
      {},
      ['output'],
    );
    expect(rows).to.equal(4);
    expect(inputs(await decode(text, { columns: { input: 'output' } }))).to.deep.equal(['', '', '', '\n']);
  });
});
