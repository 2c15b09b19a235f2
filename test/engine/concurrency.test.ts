import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { HostCallContext } from '../../src/host/imports/main-thread.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import { waitingComponent } from '../fixtures/waiting-component.ts';
import { closeEngines, collect, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

/** Holds back what `get` returns until so many have called it. */
class Gathering {
  readonly keys: number[] = [];
  readonly ids: (string | undefined)[] = [];
  readonly #all = Promise.withResolvers<void>();
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  readonly get = async (key: number, { requestId }: HostCallContext): Promise<number> => {
    this.keys.push(key);
    this.ids.push(requestId);
    if (this.keys.length === this.#count) this.#all.resolve();
    await this.#all.promise;
    return key * 10;
  };
}

describe('a policy with `concurrency`', () => {
  let engine: PluginEngine;
  let bytes: Uint8Array;
  before(async () => {
    bytes = await waitingComponent();
  });
  beforeEach(async () => {
    engine = await createEngine({ threads: 1, maxThreads: 2, binding: 'auto' });
  });
  afterEach(closeEngines);

  const load = (get: (key: number, context: HostCallContext) => unknown, sandbox: Policy = {}) =>
    engine.loadPlugin('waiter', bytes, {
      world: 'any',
      imports: { 'acme:store/kv': { get } },
      sandbox: { concurrency: 100, ...sandbox },
    });
  const run = (key: number, options = {}) => engine.call('waiter', 'run', [key], options);

  it('has as many requests wait for the host at a time in one instance, and no more', async () => {
    const gathering = new Gathering(100);
    await load(gathering.get);
    const answers = Array.from({ length: 150 }, (_, key) => run(key, { requestId: `q-${key}` }));
    expect(await Promise.all(answers)).to.deep.equal(Array.from({ length: 150 }, (_, key) => key * 10));
    expect(gathering.ids.slice(0, 100)).to.deep.equal(Array.from({ length: 100 }, (_, key) => `q-${key}`));
    expect(engine.metrics.snapshot().plugins[0]).to.include({ instances: 1 });
  });

  it('takes requests that come while others wait', async () => {
    const gathering = new Gathering(3);
    const began = Promise.withResolvers<void>();
    await load((key, context) => {
      began.resolve();
      return gathering.get(key, context);
    });
    const first = run(1);
    await began.promise;
    // One that does not fit into the mailbox travels otherwise, as all calls by name do.
    expect(await Promise.all([first, run(2), run(3)])).to.deep.equal([10, 20, 30]);
  });

  it('settles each as it is done, whatever the others wait for', async () => {
    const never = Promise.withResolvers<number>();
    await load((key) => (key === 0 ? never.promise : key));
    const waits = run(0);
    for (let key = 1; key < 20; key++) expect(await run(key)).to.equal(key);
    never.resolve(7);
    expect(await waits).to.equal(7);
  });

  it('fails one for its arguments without harm to the others', async () => {
    const gathering = new Gathering(2);
    await load(gathering.get);
    const answers = [run(1), run('one' as never), run(2)].map((answer) => answer.catch((error) => error.code));
    expect(await Promise.all(answers)).to.deep.equal([10, 'ERR_INVALID_ARGUMENT', 20]);
  });

  it('fails all that had begun when one traps, and says so; what had not begun runs', async () => {
    const gathering = new Gathering(2);
    await load(gathering.get, { concurrency: 2 });
    const bystander = rejection(run(1));
    const guilty = rejection(engine.call('waiter', 'trap', [2]));
    const later = run(3);
    expect(await guilty).to.include({ code: 'ERR_TRAP', began: true });
    const lost = await bystander;
    expect(lost).to.include({ code: 'ERR_WORKER_CRASHED', began: true });
    expect(lost.message).to.match(/Another request ended the instance.*unreachable/);
    expect(await later).to.equal(30);
  });

  it('ends the instance for a function that fails while another request runs, and one is added', async () => {
    const fails = Promise.withResolvers<number>();
    const began = Promise.withResolvers<void>();
    await load((key) => {
      began.resolve();
      return key === 1 ? fails.promise : key;
    });
    // It never leaves the thread, so that its worker finds the failure and the new request together.
    const bystander = rejection(engine.call('waiter', 'slices', [0]));
    const guilty = rejection(run(1));
    await began.promise;
    fails.reject(new Error('no such key'));
    await Promise.resolve();
    const later = run(2).catch(({ code }) => code);
    expect(await guilty).to.include({ code: 'ERR_HOST_FUNCTION' });
    expect(await bystander).to.include({ code: 'ERR_WORKER_CRASHED' });
    expect(await later).to.be.oneOf([2, 'ERR_WORKER_CRASHED']);
    expect(await run(3)).to.equal(3);
  });

  it('ends the thread for one that loops, and fails those that had begun with it', async () => {
    const terminated = collect(engine, 'worker:terminated');
    await load((key) => (key === 1 ? new Promise(() => {}) : key), { cpuTimeLimitMs: 50 });
    const bystander = rejection(run(1));
    expect(await rejection(engine.call('waiter', 'spin', [2]))).to.include({ code: 'ERR_CPU_TIME_LIMIT', began: true });
    expect(await bystander).to.include({ code: 'ERR_WORKER_CRASHED', began: true });
    expect(terminated.length).to.equal(1);
    expect(await run(5)).to.equal(5);
  });

  it('counts the CPU time of each over all that it does between its waits', async () => {
    const never = new Promise<number>(() => {});
    await load(() => never, { cpuTimeLimitMs: 100 });
    const bystander = rejection(run(1));
    expect(await rejection(engine.call('waiter', 'slices', [0]))).to.include({ code: 'ERR_CPU_TIME_LIMIT' });
    expect(await bystander).to.include({ code: 'ERR_WORKER_CRASHED' });
  });

  it('asks one to end that is given up, and lets the others be', async () => {
    const began = Promise.withResolvers<void>();
    const other = Promise.withResolvers<number>();
    await load((key) => {
      if (key === 2) began.resolve();
      return key === 2 ? new Promise(() => {}) : other.promise;
    });
    const controller = new AbortController();
    const bystander = run(1);
    const givenUp = rejection(engine.call('waiter', 'ends', [2], { signal: controller.signal }));
    await began.promise;
    controller.abort();
    expect(await givenUp).to.include({ code: 'ERR_ABORTED', began: true });
    other.resolve(5);
    expect(await bystander).to.equal(5);
    expect(engine.metrics.snapshot().plugins[0]).to.include({ instances: 1 });
  });

  it('ends the instance for one that has waited for too long', async () => {
    await load(() => new Promise(() => {}), { wallTimeLimitMs: 50 });
    const codes = await Promise.all([run(1), run(2)].map((answer) => rejection(answer).then(({ code }) => code)));
    expect(codes.toSorted()).to.deep.equal(['ERR_WALL_TIME_LIMIT', 'ERR_WORKER_CRASHED']);
  });

  it('ends with the engine', async () => {
    const began = Promise.withResolvers<void>();
    await load(() => {
      began.resolve();
      return new Promise(() => {});
    });
    const waits = rejection(run(1));
    await began.promise;
    await engine.close({ force: true });
    expect(await waits).to.include({ code: 'ERR_ENGINE_CLOSED' });
  });

  it('has all that wait beside each other fail with the same, where they are given up together', async () => {
    let under = 0;
    const began = Promise.withResolvers<void>();
    await load(() => {
      if (++under === 100) began.resolve();
      return new Promise(() => {});
    });
    const waiting = Array.from({ length: 100 }, (_, request) => rejection(run(request)));
    await began.promise;
    await engine.close({ force: true });
    const codes = new Set((await Promise.all(waiting)).map(({ code, began }) => `${code} ${began}`));
    expect([...codes]).to.deep.equal(['ERR_ENGINE_CLOSED true']);
  });

  it('is not for instances that serve one request', async () => {
    expect(await rejection(load(() => 1, { instances: 'fresh' }))).to.include({ code: 'ERR_INVALID_ARGUMENT' });
  });
});
