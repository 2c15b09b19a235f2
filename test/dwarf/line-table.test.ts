import { expect } from 'chai';
import fc from 'fast-check';
import { LineTable } from '../../src/dwarf/line-table.ts';
import { program, u32, unitV4, unitV5 } from './assembler.ts';

const bytes = (...parts: readonly (readonly number[])[]): Uint8Array => Uint8Array.from(parts.flat());

const MAIN = program(
  [
    { address: 10, line: 3, column: 7 },
    { address: 12, line: 4, column: 2 },
    { address: 90, line: 500, file: 2 },
    { address: 95, line: 0, file: 2 },
    { address: 97, line: 7, file: 1 },
  ],
  100,
);

describe('LineTable', () => {
  const versions = {
    4: new LineTable({
      line: bytes(
        unitV4(
          '/src/lib',
          [
            ['main.c', 0],
            ['util.h', 1],
          ],
          MAIN,
        ),
      ),
    }),
    5: (() => {
      const files = [
        ['main.c', 0],
        ['main.c', 0],
        ['util.h', 1],
      ] as const;
      const { line, lineStrings } = unitV5(['/src', 'lib'], files, MAIN);
      return new LineTable({ line: bytes(line), lineStrings: bytes(lineStrings) });
    })(),
  };
  const main = { 4: 'main.c', 5: '/src/main.c' };

  for (const version of [4, 5] as const) {
    describe(`of DWARF ${version}`, () => {
      const table = versions[version];

      it('knows the line of each address within its range', () => {
        expect(table.find(10)).to.deep.equal({ file: main[version], line: 3, column: 7 });
        expect(table.find(11)).to.deep.equal({ file: main[version], line: 3, column: 7 });
        expect(table.find(12)).to.deep.equal({ file: main[version], line: 4, column: 2 });
        expect(table.find(89)).to.deep.equal({ file: main[version], line: 4, column: 2 });
        expect(table.find(90)).to.deep.equal({ file: '/src/lib/util.h', line: 500, column: 0 });
        expect(table.find(99)).to.deep.equal({ file: main[version], line: 7, column: 0 });
      });

      it('knows nothing beyond, nor of code that has no line', () => {
        for (const address of [0, 9, 95, 96, 100, 2 ** 32])
          expect(table.find(address), `${address}`).to.equal(undefined);
      });
    });
  }

  it('finds the right one of many sequences and units, whatever their order', () => {
    const sequence = (from: number) => program([{ address: from, line: from }], from + 5);
    const units = [[300, 20], [10], [200, 100, 400]].map((starts, place) =>
      unitV4('', [[`${place}.c`, 0]], starts.flatMap(sequence)),
    );
    const table = new LineTable({ line: bytes(...units) });
    for (const [start, file] of [
      [10, '1.c'],
      [20, '0.c'],
      [100, '2.c'],
      [200, '2.c'],
      [300, '0.c'],
      [400, '2.c'],
    ] as const) {
      expect(table.find(start + 4)).to.deep.equal({ file, line: start, column: 0 });
      expect(table.find(start + 5)).to.equal(undefined);
    }
  });

  it('leaves out functions that the linker dropped', () => {
    const dropped = [0, 0xffff_ffff].map((address) =>
      program(
        [
          { address, line: 1 },
          { address: address + 50, line: 2 },
        ],
        address + 60,
      ),
    );
    const kept = program([{ address: 30, line: 9 }], 40);
    const table = new LineTable({ line: bytes(unitV4('', [['a.c', 0]], [...dropped.flat(), ...kept])) });
    expect(table.find(5)).to.equal(undefined);
    expect(table.find(35)).to.deep.equal({ file: 'a.c', line: 9, column: 0 });
  });

  it('goes on after a unit that it does not understand', () => {
    const later = unitV4('', [['a.c', 0]], MAIN);
    const unknown = [...later];
    unknown[4] = 9;
    const broken = unitV4('', [['b.c', 0]], [0, 200, 2]);
    const table = new LineTable({ line: bytes(unknown, broken, later) });
    expect(table.find(10)?.file).to.equal('a.c');
  });

  it('takes no claim for the truth: a unit that is longer than its section, tables without an end', () => {
    const good = unitV4('', [['a.c', 0]], MAIN);
    expect(new LineTable({ line: bytes(good, u32(0x7fff_ffff)) }).find(10)?.file).to.equal('a.c');
    // 4096 files are more than any compiler writes.
    const many = Array.from({ length: 5000 }, (_, place) => [`${place}.c`, 0] as const);
    expect(new LineTable({ line: bytes(unitV4('', many, MAIN)) }).find(10)).to.equal(undefined);
    expect(new LineTable({ line: new Uint8Array(5 * 1024 * 1024) }).find(10)).to.equal(undefined);
  });

  it('stops reading when its time is over, also between units that it does not understand', () => {
    const rows = Array.from({ length: 1_000 }, (_, place) => ({ address: place + 1, line: place + 1 }));
    const units = [
      unitV4('', [['a.c', 0]], program(rows.slice(0, 10), 11)),
      unitV4('', [['b.c', 0]], program(rows, 1_001)),
    ];
    expect(new LineTable({ line: bytes(...units) }).find(900)?.file).to.equal('b.c');
    expect(new LineTable({ line: bytes(...units) }, 0).find(900)).to.equal(undefined);
    const unknown = Array.from({ length: 1_000 }, () => [...u32(2), 9, 0]);
    expect(new LineTable({ line: bytes(...unknown, units[0]!) }).find(5)?.file).to.equal('a.c');
    expect(new LineTable({ line: bytes(...unknown, units[0]!) }, 0).find(5)).to.equal(undefined);
  });

  it('never throws, whatever the bytes', () => {
    const { line, lineStrings } = unitV5(
      ['/src', 'lib'],
      [
        ['main.c', 0],
        ['util.h', 1],
      ],
      MAIN,
    );
    const change = fc.record({ at: fc.nat(line.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(line.length), (changes, length) => {
        const mutated = bytes(line);
        for (const { at, to } of changes) mutated[at] = to;
        for (const whole of [mutated, mutated.subarray(0, length)]) {
          const table = new LineTable({ line: whole, lineStrings: bytes(lineStrings) });
          for (const address of [0, 10, 50, 97, 2 ** 32 - 1]) {
            const found = table.find(address);
            if (found !== undefined) expect(found.line).to.be.within(1, 2 ** 32 - 1);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
