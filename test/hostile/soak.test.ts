import { expect } from 'chai';
import { descriptors } from '../../src/host/descriptors.ts';
import { addressSpace } from '../../src/scheduler/address-space.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { slope } from './soak/series.ts';
import { SoakTraffic } from './soak/traffic.ts';

const DEEDS = 250;

describe('mixed traffic', function () {
  this.timeout(180_000);
  after(closeEngines);

  it('leaves nothing on the books: no instance, no request, no address, no descriptor', async () => {
    const before = [addressSpace.booked, descriptors.open];
    const engine = await createEngine({ maxTotalMemoryBytes: 256 * 2 ** 20 });
    const traffic = await SoakTraffic.begin(engine, 11);
    let left = DEEDS;
    await traffic.run(() => left-- > 0);
    // What the seed leads to: answers, and each kind of end.
    expect([...traffic.tallies.keys()]).to.include.members([
      'done',
      'ERR_TRAP',
      'ERR_STACK_OVERFLOW',
      'ERR_MEMORY_LIMIT',
      'ERR_INVALID_RESPONSE',
    ]);
    // Where two deeds of an operator's meet, the second is refused.
    expect([...traffic.tallies.keys()]).to.not.include('ERR_WORKER_CRASHED');
    await traffic.end();
    const { queued, plugins, threads } = engine.status();
    expect([queued, plugins, threads.busy]).to.deep.equal([0, 0, 0]);
    for (const { plugin, version, instances, queueDepth } of engine.metrics.snapshot().plugins) {
      expect([instances, queueDepth], `${plugin} ${version}`).to.deep.equal([0, 0]);
    }
    expect([addressSpace.booked, descriptors.open]).to.deep.equal(before);
    await engine.close();
  });

  it('is told to rise from a series of samples', () => {
    const samples = [40, 10, 20, 30, 40].map((rssMiB, minutes) => ({ minutes, rssMiB, threads: 7, descriptors: 3 }));
    expect(slope(samples, 'rssMiB', 1)).to.equal(10);
    expect(slope(samples, 'threads', 0)).to.equal(0);
    expect(slope([], 'rssMiB', 0)).to.equal(0);
  });
});
