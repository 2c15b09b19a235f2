import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { type FileRecord, recordMaker } from '../../../src/batch/file/record.ts';
import { JsonArrayDecoder } from '../../../src/batch/format/json-array-decoder.ts';

function decode(text: string | Buffer, piece = 64 * 1024, maxBytes?: number): FileRecord[] {
  const decoder = new JsonArrayDecoder(recordMaker('jsonl', []), maxBytes);
  const bytes = Buffer.from(text as string);
  const records: FileRecord[] = [];
  const take = (): void => {
    for (let record = decoder.next(); record !== undefined; record = decoder.next()) records.push(record);
  };
  for (let at = 0; at < bytes.length; at += piece) {
    decoder.push(bytes.subarray(at, at + piece));
    take();
  }
  decoder.end();
  take();
  return records;
}

const shown = (records: readonly FileRecord[]): [number, string][] =>
  records.map(({ line, malformed, input }) => [line, malformed ?? input]);

describe('an array of JSON', () => {
  it('has the records that JSON.parse finds, wherever it is cut and however it is spaced', () => {
    const record = fc.record({
      input: fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      x: fc.json(),
    });
    fc.assert(
      fc.property(fc.array(record), fc.constantFrom(0, 1, '\t', '\r\n '), fc.nat(20), (records, space, piece) => {
        const text = JSON.stringify(records, null, space as number);
        const read = decode(text, piece + 1);
        expect(read.map(({ input }) => input)).to.deep.equal(records.map(({ input }) => input));
        expect(read.every(({ malformed }) => malformed === undefined)).to.equal(true);
      }),
    );
  });

  it('names the line on which a record begins', () => {
    const text =
      '\ufeff\n[\n  {"input": "a"},\n  {\n    "input": "]}\\"[{"\n  }\n  , {"input": 1}, 7,\n , "x",{"input":"b"}]\n\n';
    expect(shown(decode(text, 1))).to.deep.equal([
      [3, 'a'],
      [4, ']}"[{'],
      [7, '`input` is not a string'],
      [7, 'it is not an object'],
      [8, 'nothing stands before the comma or the end of the array'],
      [8, 'it is not an object'],
      [8, 'b'],
    ]);
  });

  it('may be empty, and not be open or go on', () => {
    expect(decode(' [ ] ')).to.deep.equal([]);
    expect(() => decode('[')).to.throw('its array is not closed');
    expect(() => decode('[{"input":"a"},\n{"input":')).to.throw(
      'its array ends inside of the element that begins on line 2',
    );
    expect(() => decode('[{"input":"a"}]\n[]')).to.throw('something comes after its array, on line 2');
  });

  it('with a comma too many at its end says so', () => {
    expect(shown(decode('[{"input":"a"},]'))).to.deep.equal([
      [1, 'a'],
      [1, 'nothing stands before the comma or the end of the array'],
    ]);
  });

  it('has elements that are too long, or no UTF-8, as errors of these records', () => {
    const text = Buffer.concat([
      Buffer.from(`[{"input":"${'a'.repeat(100)}"},\n{"input":"b"},{"input":"`),
      Buffer.from([0xff]),
      Buffer.from('"},{"input":"c"}]'),
    ]);
    for (const piece of [1, 7, 4096]) {
      expect(shown(decode(text, piece, 50))).to.deep.equal([
        [1, 'it has 112 bytes; 50 are the most'],
        [2, 'b'],
        [2, 'it is not UTF-8'],
        [2, 'c'],
      ]);
    }
  });

  it('is JSON lines where it does not begin with a bracket', () => {
    expect(shown(decode('\n{"input":"a"}\n{"input":"b"}\n{"input":', 3))).to.deep.equal([
      [2, 'a'],
      [3, 'b'],
      [4, 'it is not JSON: Unexpected end of JSON input'],
    ]);
  });
});
