import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { entry } from '../../../../src/host/wasi/filesystem/handle.ts';
import { closeAll, tree } from '../sandbox.ts';

function openBelow(directory: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
    } catch {
      return false;
    }
  }).length;
}

describe('handles', () => {
  afterEach(closeAll);

  it('of a terminated worker are closed: descriptors belong to the process', async () => {
    const files = tree();
    const worker = new Worker(new URL('../sleeper.ts', import.meta.url), { workerData: { directory: files.granted } });
    await once(worker, 'message');
    expect(openBelow(files.granted)).to.equal(12);
    await worker.terminate();
    expect(openBelow(files.granted)).to.equal(0);
    files.remove();
  });

  it('are never combined with anything but one component', () => {
    expect(entry(7, 'a b')).to.equal('/proc/self/fd/7/a b');
    for (const name of ['', '.', '..', 'a/b', '/', 'a\0'])
      expect(() => entry(7, name)).to.throw('not a path component');
  });
});
