import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { type CsvMarks, CsvRows } from '../../../src/batch/format/csv-rows.ts';

const MARKS: CsvMarks = { delimiter: ',', quote: '"' };

/** The rows of a text that comes in pieces of so many bytes. */
function rowsOf(text: string, { piece = 1000, marks = MARKS, most = undefined as number | undefined } = {}) {
  const reader = new CsvRows(marks, most);
  const rows: { line: number; text: string; cells: string[]; malformed: string | undefined }[] = [];
  const take = (): void => {
    for (let row = reader.next(); row !== undefined; row = reader.next()) {
      const { line, bytes, malformed } = row;
      const cells = row.cells.map(({ start, end, doubled }) => {
        const cell = bytes.toString('utf8', start, end);
        return doubled ? cell.replaceAll(`${marks.quote}${marks.quote}`, `${marks.quote}`) : cell;
      });
      rows.push({ line, text: bytes.toString(), cells, malformed });
    }
  };
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += piece) {
    reader.push(Buffer.from(bytes.subarray(at, at + piece)));
    take();
  }
  reader.end();
  take();
  return rows;
}

const cellsOf = (text: string): string[][] => rowsOf(text).map(({ cells }) => cells);

describe('rows of CSV', () => {
  it('end as each of them likes', () => {
    expect(cellsOf('a,b\r\n1,x\n2,y\r\n3,z')).to.deep.equal([
      ['a', 'b'],
      ['1', 'x'],
      ['2', 'y'],
      ['3', 'z'],
    ]);
    expect(cellsOf('a,b\n1,x\r\n2,y\r')).to.deep.equal([
      ['a', 'b'],
      ['1', 'x'],
      ['2', 'y'],
    ]);
  });

  it('end at a return alone where the first one does, which else is text', () => {
    expect(cellsOf('a,b\r1,x\r2,y\r\n')).to.deep.equal([
      ['a', 'b'],
      ['1', 'x'],
      ['2', 'y'],
    ]);
    expect(cellsOf('a,b\n1,x\ry\n')).to.deep.equal([
      ['a', 'b'],
      ['1', 'x\ry'],
    ]);
  });

  it('that are malformed take no other one with them', () => {
    const rows = rowsOf('a\n"b"c\nd\n"e" "f"\ng"h\ni\n"j""\nk"l\nm');
    expect(rows.map(({ line, malformed, text }) => [line, malformed ?? text])).to.deep.equal([
      [1, 'a'],
      [2, 'its column 1 goes on after its closing quote'],
      [3, 'd'],
      [4, 'its column 1 goes on after its closing quote'],
      [5, 'its column 1 has a quote that does not begin the cell'],
      [6, 'i'],
      [7, 'its column 1 goes on after its closing quote'],
      [9, 'm'],
    ]);
    expect(rows[1]!.text).to.equal('"b"c');
  });

  it('say where a quote was opened that nothing closes', () => {
    expect(rowsOf('a\n1,"b\nc\nd')).to.deep.equal([
      { line: 1, text: 'a', cells: ['a'], malformed: undefined },
      {
        line: 2,
        text: '1,"b\nc\nd',
        cells: ['1', 'b\nc\nd'],
        malformed: 'its column 2 has a quote that is never closed',
      },
    ]);
  });

  it('that are too long are not kept', () => {
    const rows = rowsOf(`a\n"${'x'.repeat(500)}\n"\nb\n`, { most: 100, piece: 30 });
    expect(rows.map(({ line, malformed, text }) => [line, malformed ?? text])).to.deep.equal([
      [1, 'a'],
      [2, 'it has more than 100 bytes'],
      [4, 'b'],
    ]);
  });

  it('that are too long leave nothing of themselves, wherever the pieces were cut', () => {
    const text = `a\n${'x'.repeat(90)},"${'y\n'.repeat(90)}"\r\nb\n${'z'.repeat(101)}`;
    for (const piece of [1, 7, 99, 1000]) {
      expect(
        rowsOf(text, { most: 100, piece }).map(({ line, text, malformed }) => [line, text, malformed]),
      ).to.deep.equal([
        [1, 'a', undefined],
        [2, '', 'it has more than 100 bytes'],
        [93, 'b', undefined],
        [94, '', 'it has more than 100 bytes'],
      ]);
    }
  });

  it('do not take memory for cells without end', () => {
    const rows = rowsOf(`a\n${','.repeat(1_000_001)}\nb`, { piece: 65_536 });
    expect(rows.map(({ line, malformed }) => [line, malformed])).to.deep.equal([
      [1, undefined],
      [2, 'it has more than 1000000 columns'],
      [3, undefined],
    ]);
    expect(rows[1]!.cells.length).to.equal(1_000_000);
  });

  it('look at each byte of a quoted cell once', () => {
    // Each cell was looked through to the end of what there was: 3 GB here.
    const looked = Buffer.prototype.indexOf;
    let bytes = 0;
    Buffer.prototype.indexOf = function (this: Buffer, ...given: Parameters<typeof looked>) {
      const found = looked.apply(this, given);
      bytes += (found === -1 ? this.length : found) - Number(given[1] ?? 0);
      return found;
    } as typeof looked;
    try {
      rowsOf('"a",'.repeat(40_000), { piece: 1_000_000 });
    } finally {
      Buffer.prototype.indexOf = looked;
    }
    expect(bytes).to.be.below(1_000_000);
  });

  it('are the same in whatever pieces they come, and nothing gets lost', () => {
    const text = fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', 'é', ' '), maxLength: 40 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 7 }), (text, piece) => {
        const rows = rowsOf(text);
        expect(rowsOf(text, { piece })).to.deep.equal(rows);
        // All but line breaks, in its order.
        const kept = rows.map((row) => row.text).join('');
        expect(kept.replaceAll(/[\r\n]/g, '')).to.equal(text.replaceAll(/[\r\n]/g, ''));
      }),
      { numRuns: 2000 },
    );
  });

  it('have the cells that others find', () => {
    const cell = fc.string({ unit: fc.constantFrom('"', ',', ';', '\n', 'a', 'é', '→', ' '), maxLength: 6 });
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 });
    const marks = fc.record({ delimiter: fc.constantFrom(',', ';', '→', ';;'), quote: fc.constantFrom('"', "'") });
    const options = { piece: fc.integer({ min: 1, max: 9 }), line: fc.constantFrom('\n', '\r\n') };
    fc.assert(
      fc.property(table, marks, options.piece, options.line, (table, marks, piece, line) => {
        const { delimiter, quote } = marks;
        const written = (cell: string): string =>
          /^[aé ]+$/.test(cell) ? cell : `${quote}${cell.replaceAll(quote, quote + quote)}${quote}`;
        const text = table.map((row) => row.map(written).join(delimiter) + line).join('');
        const others = parse(text, { delimiter, quote, escape: quote, relax_column_count: true });
        const rows = rowsOf(text, { piece, marks });
        expect(rows.map(({ cells }) => cells)).to.deep.equal(others);
        expect(rows.some(({ malformed }) => malformed !== undefined)).to.equal(false);
      }),
      { numRuns: 500 },
    );
  });
});
