import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { LineSplitter } from '../../../src/batch/file/lines.ts';

type Line = { readonly number: number; readonly text: string } | { readonly number: number; readonly problem: string };

function collect(chunks: readonly Uint8Array[], maxBytes?: number): Line[] {
  const make = {
    blank: 'left out' as const,
    line: (number: number, text: string): Line => ({ number, text }),
    problem: (number: number, problem: string): Line => ({ number, problem }),
  };
  const splitter = new LineSplitter(make, maxBytes);
  const lines: Line[] = [];
  const drain = (): void => {
    for (let line = splitter.next(); line !== undefined; line = splitter.next()) lines.push(line);
  };
  for (const chunk of chunks) {
    splitter.push(Buffer.from(chunk));
    drain();
  }
  splitter.end();
  drain();
  return lines;
}

describe('LineSplitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'ä', '𝄞', ' ', '\n'), maxLength: 40 });
    fc.assert(
      fc.property(letters, fc.array(fc.nat(80), { maxLength: 6 }), (text, cuts) => {
        const bytes = Buffer.from(text);
        const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
        const expected = text
          .split('\n')
          .map((line, index) => ({ number: index + 1, text: line }))
          .filter((line) => line.text.trim() !== '');
        expect(collect(chunks)).to.deep.equal(expected);
      }),
    );
  });

  it('takes the last line without a line break, and one without anything as none', () => {
    expect(collect([Buffer.from('a\nb')])).to.deep.equal([
      { number: 1, text: 'a' },
      { number: 2, text: 'b' },
    ]);
    expect(collect([Buffer.from('a\n')])).to.deep.equal([{ number: 1, text: 'a' }]);
    expect(collect([])).to.deep.equal([]);
  });

  it('takes the line breaks of Windows', () => {
    expect(collect([Buffer.from('a\r\n\r\nb\r\n')])).to.deep.equal([
      { number: 1, text: 'a' },
      { number: 3, text: 'b' },
    ]);
  });

  it('leaves out a byte order mark', () => {
    expect(collect([Buffer.from('\ufeffa\n\ufeffb')])).to.deep.equal([
      { number: 1, text: 'a' },
      { number: 2, text: '\ufeffb' },
    ]);
  });

  it('refuses what is not UTF-8, and goes on', () => {
    const bytes = Buffer.concat([Buffer.from('a\n'), Buffer.of(0xff, 0x0a), Buffer.from('c')]);
    expect(collect([bytes])).to.deep.equal([
      { number: 1, text: 'a' },
      { number: 2, problem: 'it is not UTF-8' },
      { number: 3, text: 'c' },
    ]);
  });

  it('refuses a line that is too long, and goes on', () => {
    const chunks = ['12345', '678901', '\n12345678\n', '123456789'].map((text) => Buffer.from(text));
    expect(collect(chunks, 8)).to.deep.equal([
      { number: 1, problem: 'it has 11 bytes; 8 are the most' },
      { number: 2, text: '12345678' },
      { number: 3, problem: 'it has 9 bytes; 8 are the most' },
    ]);
  });
});
