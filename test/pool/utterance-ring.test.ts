import { once } from 'node:events';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Utterance } from '../../src/contract/values.ts';
import { UtteranceRing } from '../../src/pool/utterance-ring.ts';
import { seeded } from '../support/outcome.ts';
import { race } from './fixtures/roles.ts';

const nobody = (): void => {};

function drained(ring: UtteranceRing): { slot: number; utterance: Utterance }[] {
  const all: { slot: number; utterance: Utterance }[] = [];
  ring.drain((slot, utterance) => all.push({ slot, utterance }));
  return all;
}

const utterance: fc.Arbitrary<Utterance> = fc.oneof(
  fc.record({
    kind: fc.constant('log' as const),
    level: fc.constantFrom('trace', 'debug', 'info', 'warn', 'error'),
    message: fc.string({ unit: 'grapheme', maxLength: 300 }),
  }),
  fc.record({
    kind: fc.constant('event' as const),
    type: fc.string({ unit: 'grapheme' }),
    payload: fc.string({ unit: 'grapheme', maxLength: 300 }),
  }),
);

describe('UtteranceRing', () => {
  it('hands over what was written, in order, with the slot', () => {
    const ring = new UtteranceRing();
    fc.assert(
      fc.property(
        fc.array(fc.record({ slot: fc.integer({ min: -1, max: 255 }), utterance }), { maxLength: 60 }),
        (all) => {
          for (const one of all) expect(ring.write(one.slot, one.utterance, nobody)).to.equal(true);
          expect(drained(ring)).to.deep.equal(all);
          expect(ring.size).to.equal(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('goes on where the counters of its ends overflow', () => {
    const ring = new UtteranceRing();
    const words = new Int32Array(ring.buffer);
    for (const start of [-50, 2 ** 31 - 50]) {
      words[0] = start;
      words[1] = start;
      for (let i = 0; i < 40; i++) {
        const said = { kind: 'event', type: `t${i}`, payload: 'p'.repeat(i) } as const;
        expect(ring.write(i, said, nobody)).to.equal(true);
        if (i % 3 === 2) expect(drained(ring).length).to.equal(3);
      }
      expect(drained(ring)).to.deep.equal([
        { slot: 39, utterance: { kind: 'event', type: 't39', payload: 'p'.repeat(39) } },
      ]);
    }
  });

  it('refuses at once what can never fit, and does not wake anybody for it', () => {
    const ring = new UtteranceRing();
    let woken = 0;
    const huge = { kind: 'event', type: 'huge', payload: 'x'.repeat(256 * 1024) } as const;
    expect(ring.write(0, huge, () => woken++)).to.equal(false);
    expect([woken, ring.size]).to.deep.equal([0, 0]);
  });

  it('refuses what finds no room, keeps what was there, and takes more once it was read', () => {
    const ring = new UtteranceRing();
    let woken = 0;
    const half = { kind: 'event', type: 'half', payload: 'x'.repeat(120 * 1024) } as const;
    expect(ring.write(1, half, nobody)).to.equal(true);
    expect(ring.write(2, half, nobody)).to.equal(true);
    expect(ring.write(3, half, () => woken++)).to.equal(false);
    expect(woken).to.be.above(0);
    expect(drained(ring).map(({ slot }) => slot)).to.deep.equal([1, 2]);
    expect(ring.write(4, half, nobody)).to.equal(true);
    expect(drained(ring).map(({ slot }) => slot)).to.deep.equal([4]);
  });

  it('may be drained by a listener', () => {
    const ring = new UtteranceRing();
    const seen: number[] = [];
    const write = (slot: number): void => {
      ring.write(slot, { kind: 'log', level: 'info', message: `m${slot}` }, nobody);
    };
    for (const slot of [0, 1, 2, 3]) write(slot);
    const listener = (slot: number): void => {
      seen.push(slot);
      if (slot === 1) {
        write(9);
        ring.drain(listener);
      }
    };
    ring.drain(listener);
    expect(seen).to.deep.equal([0, 1, 2, 3, 9]);
    expect(ring.size).to.equal(0);
  });

  it('loses and changes nothing between two threads, however fast the guest talks', async () => {
    const random = seeded(7);
    const lengths = Array.from({ length: 3000 }, () =>
      random.below(20) === 0 ? random.below(40_000) : random.below(200),
    );
    const ring = new UtteranceRing();
    const worker = race({ play: 'speaks', ring: ring.buffer, lengths });
    // From the start: what a worker sent last and its end may be told in one go.
    const exit = once(worker, 'exit');
    let next = 0;
    const listen = (): void => {
      ring.drain((slot, said) => {
        const index = next++;
        const text = `${index}:${'é'.repeat(lengths[index]!)}`;
        expect(slot).to.equal(index);
        if (index % 2 === 0) expect(said).to.deep.equal({ kind: 'log', level: 'warn', message: text });
        else expect(said).to.deep.equal({ kind: 'event', type: `t${index}`, payload: text });
      });
    };
    await new Promise<void>((resolve) => {
      worker.on('message', (message: 'wake' | 'over') => {
        listen();
        if (message === 'over') resolve();
      });
    });
    expect(next).to.equal(lengths.length);
    await exit;
  });
});
