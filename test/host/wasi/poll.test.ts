import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import type { PluginError } from '../../../src/errors.ts';
import { type Event, Pollable } from '../../../src/host/wasi/poll.ts';
import type { InputStream } from '../../../src/host/wasi/streams.ts';
import { closeAll, type Sandbox, sandbox, thrown } from './sandbox.ts';

interface Timers {
  subscribeDuration(duration: bigint): Pollable;
}

const poll = ({ interface: get }: Sandbox, pollables: Pollable[]): number[] => [
  ...get<{ poll(pollables: Pollable[]): Uint32Array }>('wasi:io/poll').poll(pollables),
];

describe('wasi:io/poll', () => {
  afterEach(closeAll);

  it('returns at once with all that are ready', () => {
    const box = sandbox();
    const timers = box.interface<Timers>('wasi:clocks/monotonic-clock');
    const stdin = box.interface<{ getStdin(): InputStream }>('wasi:cli/stdin').getStdin();
    const never = timers.subscribeDuration(2n ** 63n);
    const ready = stdin.subscribe();
    expect(poll(box, [never, ready, never, ready, timers.subscribeDuration(0n)])).to.deep.equal([1, 3, 4]);
  });

  it('waits for the earliest', () => {
    const box = sandbox();
    const { subscribeDuration } = box.interface<Timers>('wasi:clocks/monotonic-clock');
    const start = performance.now();
    expect(poll(box, [subscribeDuration(2n ** 62n), subscribeDuration(10_000_000n)])).to.deep.equal([1]);
    expect(performance.now() - start).to.be.at.least(9);
  });

  it('sleeps instead of looking again and again', () => {
    const box = sandbox();
    let looks = 0;
    const due = performance.now() + 30;
    const event: Event = {
      remaining() {
        looks++;
        return BigInt(Math.max(0, Math.ceil((due - performance.now()) * 1e6)));
      },
    };
    const used = process.threadCpuUsage();
    const resource = new Pollable({ acquire() {}, hostCall() {}, release() {} } as never, event);
    resource.block();
    const { user, system } = process.threadCpuUsage(used);
    expect(performance.now()).to.be.at.least(due - 0.01);
    expect(looks).to.be.below(20);
    expect(user + system).to.be.below(15_000);
    box.wasi.close();
  });

  it('traps on an empty list and on one that is too long', () => {
    const box = sandbox();
    const { subscribeDuration } = box.interface<Timers>('wasi:clocks/monotonic-clock');
    const timer = subscribeDuration(0n);
    for (const list of [[], Array<Pollable>(4097).fill(timer)]) {
      expect((thrown(() => poll(box, list)) as PluginError).code).to.equal('ERR_TRAP');
    }
  });

  it('leaves no timer behind: thousands of dropped ones cost nothing', () => {
    const box = sandbox();
    const { subscribeDuration } = box.interface<Timers>('wasi:clocks/monotonic-clock');
    const before = process.getActiveResourcesInfo().length;
    for (let round = 0; round < 20_000; round++) subscribeDuration(2n ** 63n)[Symbol.dispose]();
    expect(process.getActiveResourcesInfo().length).to.equal(before);
  });

  it('blocks no kill: a worker that sleeps for centuries is terminated', async () => {
    const worker = new Worker(new URL('./sleeper.ts', import.meta.url), { workerData: {} });
    await once(worker, 'message');
    expect(await worker.terminate()).to.equal(1);
  });
});
