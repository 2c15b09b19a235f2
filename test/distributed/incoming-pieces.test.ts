import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import { type Asked, toPiece } from '../../src/distributed/incoming-pieces.ts';
import { areAll, type ChunkPiece, encodePiece, fieldOf, joined, rangesOf } from '../../src/distributed/piece.ts';
import { thrown } from '../support/outcome.ts';

describe('the pieces of a chunk', () => {
  const asked: Asked = { output: 'jsonl', letters: 'yes', firstIndex: 10, count: 3 };
  const LINES = [
    '{"id":"a","index":10,"ok":true,"output":"x\\"é\\ud83d\\ude00","success":true}',
    '{"index":11,"ok":true,"output":"","success":false,"errorMessage":"no"}',
    '{"id":7,"index":12,"ok":false,"error":{"code":"ERR_TRAP","message":"The plugin trapped"}}',
  ];
  const LETTERS = ['{"index":11,"input":"b"}', '{"index":12,"input":"c"}'];
  const COUNTS = { succeeded: 1, refused: 1, failed: 1, malformed: 0, poison: 0, unlucky: 0, errors: { ERR_TRAP: 1 } };
  const piece: ChunkPiece = {
    from: 0,
    count: 3,
    output: Buffer.from(`${LINES.join('\n')}\n`),
    letters: LETTERS,
    malformed: [],
    counts: COUNTS,
  };
  const stored = (pieces: readonly ChunkPiece[]): Record<string, Buffer> =>
    Object.fromEntries(pieces.map((each) => [fieldOf(each), encodePiece(each)]));

  it('are what they were, however they came', () => {
    const found = toPiece(stored([piece]), asked);
    expect({ ...found, output: found.output.toString() }).to.deep.equal({ ...piece, output: piece.output.toString() });
  });

  it('are put together in the order of their records, and where they touch before they are sent', () => {
    const nothing = { succeeded: 0, refused: 0, failed: 0, malformed: 0, poison: 0, unlucky: 0, errors: {} };
    const parts: ChunkPiece[] = ['succeeded', 'refused', 'failed'].map((kind, from) => ({
      from,
      count: 1,
      output: Buffer.from(`${LINES[from]}\n`),
      letters: from === 0 ? [] : [LETTERS[from - 1]!],
      malformed: [],
      counts: { ...nothing, [kind]: 1, errors: kind === 'failed' ? { ERR_TRAP: 1 } : {} },
    }));
    const [first, second, third] = parts as [ChunkPiece, ChunkPiece, ChunkPiece];
    expect(joined([third, first]).map(fieldOf)).to.deep.equal(['0+1', '2+1']);
    expect(joined([third, first, second]).map(fieldOf)).to.deep.equal(['0+3']);
    for (const pieces of [[third, first, second], joined([second, first, third])]) {
      const found = toPiece(stored(pieces), asked);
      expect({ ...found, output: found.output.toString() }).to.deep.equal({
        ...piece,
        output: piece.output.toString(),
      });
    }
  });

  it('are all there, or not', () => {
    expect(rangesOf(['5+2', 'x', '0+5', '01+2', '7+0', '1+-1'])).to.deep.equal([
      { from: 0, count: 5 },
      { from: 5, count: 2 },
    ]);
    expect([areAll(['5+2', '0+5'], 7), areAll(['5+2', '0+4'], 7), areAll([], 1)]).to.deep.equal([true, false, false]);
  });

  const forged = (change: Partial<ChunkPiece>): Record<string, Buffer> => stored([{ ...piece, ...change }]);
  const line = (at: number, text: string): Record<string, Buffer> => {
    const lines = [...LINES];
    lines[at] = text;
    return forged({ output: Buffer.from(`${lines.join('\n')}\n`) });
  };
  const encoded = encodePiece(piece).toString();
  const broken: Readonly<Record<string, Record<string, Buffer>>> = {
    'no pieces': {},
    'a field that is none': { '0': encodePiece(piece) },
    'a piece too many': { ...stored([piece]), '3+1': encodePiece({ ...piece, from: 3, count: 1 }) },
    'pieces of which one lies over another': { ...stored([piece]), '1+2': encodePiece(piece) },
    'fewer records than it says': { '0+2': encodePiece(piece) },
    'a piece without a head': { '0+3': Buffer.from('nonsense') },
    'a head that is no JSON': { '0+3': Buffer.from('nonsense\n') },
    'another form': { '0+3': Buffer.from(encoded.replace('"form":3', '"form":4')) },
    'more bytes of output than there are': { '0+3': Buffer.from(encoded.replace(/"output":\d+/, '"output":99999')) },
    'counts that are none': forged({ counts: { ...COUNTS, failed: -1, succeeded: 3 } }),
    'counts of other lines': forged({ counts: { ...COUNTS, refused: 0, succeeded: 2 } }),
    'counts that are too few': forged({ counts: { ...COUNTS, succeeded: 0 } }),
    'a code that is a key': forged({ counts: { ...COUNTS, errors: { toString: 1 } } }),
    'more codes than failures': forged({ counts: { ...COUNTS, errors: { ERR_TRAP: 2 } } }),
    'more malformed lines than failures': forged({ counts: { ...COUNTS, malformed: 2 } }),
    'malformed lines that nobody says why': forged({ counts: { ...COUNTS, malformed: 1 } }),
    'a reason that is none': forged({ counts: { ...COUNTS, malformed: 1 }, malformed: [[1, {} as string]] }),
    'a line that is no JSON': line(0, 'nonsense'),
    'a line that goes on': line(0, `${LINES[0]} {"index":10}`),
    'half a line': line(0, LINES[0]!.slice(0, -1)),
    'a line too many': line(0, `${LINES[0]}\n${LINES[0]}`),
    'an empty line': line(0, ''),
    'the line of another record': line(0, LINES[0]!.replace('10', '11')),
    'a line without an output': line(0, '{"index":10,"ok":true,"success":true}'),
    'an output that is none': line(0, '{"index":10,"ok":true,"output":7,"success":true}'),
    'an error that is none': line(2, '{"index":12,"ok":false,"error":7}'),
    'a line with half a character': line(0, '{"index":10,"ok":true,"output":"\\ud800","success":true}'),
    'a line that is no UTF-8': forged({
      output: Buffer.concat([piece.output.subarray(0, -4), Buffer.from([0xff, 0x22, 0x7d, 0x0a])]),
    }),
    'no line break at its end': forged({ output: piece.output.subarray(0, -1) }),
    'too few letters': forged({ letters: LETTERS.slice(1) }),
    'a letter of another record': forged({ letters: [LETTERS[0]!, '{"index":13}'] }),
    'a letter that is no JSON': forged({ letters: [LETTERS[0]!, 'nonsense'] }),
    'a message with half a character': line(
      1,
      '{"index":11,"ok":true,"output":"","success":false,"errorMessage":"\\udc00"}',
    ),
  };
  for (const [name, pieces] of Object.entries(broken)) {
    it(`are not believed where there is ${name}`, () => {
      const error = thrown(() => toPiece(pieces, asked));
      expect([error.code, error.message]).to.deep.equal([
        'ERR_BATCH_QUEUE',
        'Redis has results of records 10 to 12 that are none',
      ]);
    });
  }

  it('may be lines in another order, as another version may write them', () => {
    const other = line(1, '{ "ok": true, "success": false, "output": "", "index": 11, "more": [1] }');
    expect(toPiece(other, asked).count).to.equal(3);
  });

  it('may quote records that have half a character where nobody asks for Unicode', () => {
    const lines = [...LINES];
    lines[0] = lines[0]!.replace('"a"', '"\\ud800"');
    lines[2] = lines[2]!.replace('trapped', 'trapped: \\udc00');
    const quoting = {
      output: Buffer.from(`${lines.join('\n')}\n`),
      letters: [LETTERS[0]!, '{"index":12,"id":"\\ud800","more":"\\ud800"}'],
      malformed: [[3, 'x\ud83d…']] as const,
      counts: { ...COUNTS, malformed: 1 },
    };
    expect(toPiece(forged(quoting), asked).letters).to.deep.equal(quoting.letters);
  });

  it('have as many plain lines as records', () => {
    const plain = { ...piece, letters: [] };
    const ask: Asked = { ...asked, output: 'lines', letters: 'no' };
    expect(toPiece(stored([{ ...plain, output: Buffer.from('a\n\n\n') }]), ask).count).to.equal(3);
    for (const output of ['a\n\n', 'a\n\nb', 'a\n\n\n\n']) {
      expect(thrown(() => toPiece(stored([{ ...plain, output: Buffer.from(output) }]), ask)).code).to.equal(
        'ERR_BATCH_QUEUE',
      );
    }
  });
});
