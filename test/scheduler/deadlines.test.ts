import { performance } from 'node:perf_hooks';
import { expect } from 'chai';
import { Deadlines, type Expiring } from '../../src/scheduler/deadlines.ts';

/** Something with a deadline, and when that was told. */
class Waiting implements Expiring {
  peers: Expiring[] | undefined;
  place = 0;
  readonly at: number;
  readonly told: Promise<number>;
  times = 0;
  #tell!: (at: number) => void;
  readonly #onLate: () => void;

  constructor(deadlines: Deadlines, milliseconds: number, onLate: () => void = () => {}) {
    this.at = performance.now() + milliseconds;
    this.#onLate = onLate;
    this.told = new Promise((resolve) => {
      this.#tell = resolve;
    });
    deadlines.add(this, this.at);
  }

  late(): void {
    this.times++;
    this.#tell(performance.now());
    this.#onLate();
  }
}

describe('Deadlines', () => {
  it('tell each once, and not before its time, in whatever order they came', async () => {
    const deadlines = new Deadlines();
    const all = [30, 1, 12, 12.5, 12, 3, 0.2, 30].map((milliseconds) => new Waiting(deadlines, milliseconds));
    for (const one of all) expect(await one.told).to.be.at.least(one.at);
    expect(all.map(({ times }) => times)).to.deep.equal(all.map(() => 1));
  });

  it('tell none that was taken back, and all of its millisecond that were not', async () => {
    const deadlines = new Deadlines();
    const all = Array.from({ length: 100 }, () => new Waiting(deadlines, 5));
    const gone = all.filter((_, index) => index % 3 !== 0);
    for (const one of gone) deadlines.remove(one);
    // Twice does nothing.
    for (const one of gone) deadlines.remove(one);
    await Promise.all(all.filter((one) => !gone.includes(one)).map(({ told }) => told));
    await new Waiting(deadlines, 10).told;
    expect(all.map(({ times }) => times)).to.deep.equal(all.map((one) => Number(!gone.includes(one))));
  });

  it('take more from those that are told, and back what the same moment would have told', async () => {
    const deadlines = new Deadlines();
    let next: Waiting | undefined;
    const victim: { it?: Waiting } = {};
    const first = new Waiting(deadlines, 5, () => {
      deadlines.remove(victim.it!);
      next = new Waiting(deadlines, 1);
      deadlines.remove(next);
      next = new Waiting(deadlines, 1);
    });
    victim.it = new Waiting(deadlines, 6);
    await first.told;
    await next!.told;
    await new Waiting(deadlines, 10).told;
    expect([first.times, next!.times]).to.deep.equal([1, 1]);
    expect(victim.it.times).to.equal(0);
  });

  it('come too when all that was waited for before was taken back', async () => {
    const deadlines = new Deadlines();
    for (let round = 0; round < 50; round++) deadlines.remove(new Waiting(deadlines, 2));
    const one = new Waiting(deadlines, 4);
    deadlines.remove(new Waiting(deadlines, 1));
    expect(await one.told).to.be.at.least(one.at);
  });
});
