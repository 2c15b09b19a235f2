import { expect } from 'chai';
import fc from 'fast-check';
import { CODE_MAP_SECTION, originalOffset, readCodeChanges, recordCodeChanges } from '../../src/component/code-map.ts';
import { applyEdits, type Edit, replace } from '../../src/component/edits.ts';

/** A stand-in for a module: 200 different bytes, of which 20 to 180 are the code, and the name of a section with lines. */
const CODE = { start: 20, end: 180 };
const BYTES = Uint8Array.from([...Array.from({ length: 200 }, (_, place) => place), ...Buffer.from('.debug_line')]);
const MODULE = { start: 0, end: BYTES.length };

const change = fc.record({
  gap: fc.integer({ min: 1, max: 12 }),
  length: fc.integer({ min: 1, max: 4 }),
  by: fc.integer({ min: 1, max: 5 }),
});

describe('the code map', () => {
  it('leads from every byte that was kept back to where it was', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const edits: Edit[] = [];
        replace(edits, { start: 4, end: 5 }, [255, 255]);
        let at = CODE.start;
        for (const { gap, length, by } of changes) {
          replace(edits, { start: at + gap, end: at + gap + length }, new Array<number>(by).fill(255));
          at += gap + length;
        }
        const before = edits.length;
        recordCodeChanges(BYTES, MODULE, CODE, edits);
        const section = Buffer.from(edits[before]!.bytes);
        const map = readCodeChanges(section.subarray(section.indexOf(CODE_MAP_SECTION) + CODE_MAP_SECTION.length));
        const after = applyEdits(BYTES, edits.slice(0, before));
        const codeStart = CODE.start + 1;
        for (let offset = 0; codeStart + offset < after.length - 31; offset++) {
          const byte = after[codeStart + offset]!;
          if (byte !== 255) expect(originalOffset(offset, map)).to.equal(byte - CODE.start);
        }
      }),
    );
  });

  it('leads from what was put in to what it stands for', () => {
    const changes = [{ start: 10, length: 2, newLength: 5 }];
    const originals = [9, 10, 14, 15].map((offset) => originalOffset(offset, changes));
    expect(originals).to.deep.equal([9, 10, 10, 12]);
  });

  it('is not written where there is no debug information', () => {
    const edits: Edit[] = [];
    replace(edits, { start: 30, end: 31 }, [1, 2]);
    expect(recordCodeChanges(BYTES.subarray(0, 200), { start: 0, end: 200 }, CODE, edits)).to.equal(0);
    expect(edits).to.have.length(1);
  });
});
