import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { copyInPieces, sha256 } from '../../src/artifact/pieces.ts';

const MiB = 1024 * 1024;

/** Megabytes that are all different. */
function megabytes(count: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint32Array.from({ length: (count * MiB) / 4 }, (_, index) => index).buffer);
}

/** How often other work had its turn meanwhile. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let state: 'on' | 'off' = 'on';
  const turn = (): void => {
    if (state === 'off') return;
    turns++;
    setImmediate(turn);
  };
  setImmediate(turn);
  await work;
  state = 'off';
  return turns;
}

describe('work on megabytes', () => {
  it('hashes few and many bytes alike', async () => {
    for (const bytes of [megabytes(0), megabytes(1), megabytes(8), megabytes(12).subarray(0, 11 * MiB + 1)]) {
      expect((await sha256(bytes)).toString('hex')).to.equal(createHash('sha256').update(bytes).digest('hex'));
    }
  });

  it('copies to any place', async () => {
    const from = megabytes(9);
    const to = new Uint8Array(9 * MiB + 3);
    await copyInPieces(from, to, 2);
    expect(Buffer.compare(to, Buffer.concat([Buffer.alloc(2), from, Buffer.alloc(1)]))).to.equal(0);
  });

  it('leaves other work its turns', async () => {
    const bytes = megabytes(24);
    expect(await turnsDuring(sha256(bytes))).to.be.at.least(20);
    expect(await turnsDuring(copyInPieces(bytes, new Uint8Array(bytes.length)))).to.be.at.least(3);
  });
});
