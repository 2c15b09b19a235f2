import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { descriptors } from '../../src/host/descriptors.ts';
import { addressSpace } from '../../src/scheduler/address-space.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { guestMemoryKiB } from './soak/guest-memories.ts';
import { floors, slope } from './soak/series.ts';
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

  const samples = [40, 10, 25, 20, 35, 30].map((ownMiB, minutes) => {
    return { minutes, rssMiB: ownMiB, guestsMiB: 0, ownMiB, threads: 7, descriptors: 3 };
  });

  it('is told to rise from a series of samples', () => {
    expect(slope(samples.slice(1, 3), 'ownMiB', 1)).to.equal(15);
    expect(slope(samples, 'threads', 0)).to.equal(0);
    expect(slope([], 'ownMiB', 0)).to.equal(0);
  });

  it('is told to rise by what is there anyhow', () => {
    expect(floors(samples, 'ownMiB', 2).map(({ ownMiB }) => ownMiB)).to.deep.equal([10, 20, 30]);
    expect(floors(samples.slice(0, 5), 'ownMiB', 4).map(({ ownMiB }) => ownMiB)).to.deep.equal([10, 35]);
    expect(slope(floors(samples, 'ownMiB', 2), 'ownMiB', 0)).to.equal(5);
  });

  it('is told apart from the memories of guests, by the gigabytes behind these', async function () {
    if (process.platform !== 'linux') this.skip();
    const read = (): number => guestMemoryKiB(readFileSync('/proc/self/smaps', 'utf8'));
    const before = read();
    const memory = new WebAssembly.Memory({ initial: 640, maximum: 640 });
    new Uint8Array(memory.buffer).fill(1);
    expect(read() - before).to.be.at.least(640 * 64);
    expect(memory.buffer.byteLength).to.equal(640 * 65_536);
  });
});
