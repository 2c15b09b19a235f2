import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import {
  type HostCallContext,
  type MainThreadFunctions,
  PluginEngine,
  PluginError,
  WitError,
} from '../../src/index.ts';
import { component } from '../support/wat.ts';

/** A component that passes on `get`, `half` and `wait` of `acme:store/kv`, and calls `wait` without end in `spin`. */
const bytes = component(`(component
  (import "acme:store/kv@1.0.0" (instance $kv
    (export "get" (func (param "key" string) (result (option string))))
    (export "half" (func (param "x" u32) (result (result u32 (error string)))))
    (export "wait-for" (func (param "what" u32) (result u32)))))
  (core module $libc (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $get (canon lower (func $kv "get") (memory $memory) (realloc $realloc)))
  (core func $half (canon lower (func $kv "half") (memory $memory) (realloc $realloc)))
  (core func $wait (canon lower (func $kv "wait-for")))
  (core module $m
    (import "" "get" (func $get (param i32 i32 i32)))
    (import "" "half" (func $half (param i32 i32)))
    (import "" "wait" (func $wait (param i32) (result i32)))
    (func (export "get") (param i32 i32) (result i32) (call $get (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
    (func (export "half") (param i32) (result i32) (call $half (local.get 0) (i32.const 32)) (i32.const 32))
    (func (export "many") (param i32) (result i32)
      (loop $more
        (drop (call $wait (i32.const 1)))
        (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i32.const 0))
    (func (export "wait") (param i32) (result i32) (call $wait (local.get 0))))
  (core instance $i (instantiate $m (with "" (instance
    (export "get" (func $get)) (export "half" (func $half)) (export "wait" (func $wait))))))
  (func (export "get") (param "key" string) (result (option string))
    (canon lift (core func $i "get") (memory $memory) (realloc $realloc)))
  (func (export "half") (param "x" u32) (result (result u32 (error string)))
    (canon lift (core func $i "half") (memory $memory) (realloc $realloc)))
  (func (export "many") (param "times" u32) (result u32) (canon lift (core func $i "many")))
  (func (export "wait") (param "what" u32) (result u32) (canon lift (core func $i "wait"))))`);

describe('functions that the embedder supplies on the main thread', () => {
  const engines: PluginEngine[] = [];
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close({ force: true });
  });

  /** An engine with the plugin `shop`, whose functions are these and harmless others. */
  async function started(functions: MainThreadFunctions, sandbox = {}, threads = 1): Promise<PluginEngine> {
    const engine = await PluginEngine.create({ threads, cacheDirectory: false });
    engines.push(engine);
    const kv = { get: () => undefined, half: (x: number) => x / 2, waitFor: (x: number) => x, ...functions };
    await engine.loadPlugin('shop', await bytes, { world: 'any', imports: { 'acme:store/kv@1.0.0': kv }, sandbox });
    return engine;
  }

  const failure = async (doing: Promise<unknown>): Promise<PluginError> =>
    doing.then(
      () => expect.fail('it did not fail'),
      (error: unknown) => error as PluginError,
    );

  it('are called with values of WIT, and may answer later', async () => {
    const store = new Map([['ada', 'lovelace']]);
    const engine = await started({
      get: async (key: string) => {
        await turn();
        return store.get(key);
      },
    });
    expect(await engine.call('shop', 'get', ['ada'])).to.equal('lovelace');
    expect(await engine.call('shop', 'get', ['bob'])).to.equal(undefined);
  });

  it('throw the err of a result', async () => {
    const engine = await started({
      half: async (x: number) => {
        if (x % 2 !== 0) throw new WitError(`${x} is odd`);
        return x / 2;
      },
    });
    expect(await engine.call('shop', 'half', [8])).to.deep.equal({ tag: 'ok', val: 4 });
    expect(await engine.call('shop', 'half', [7])).to.deep.equal({ tag: 'err', val: '7 is odd' });
  });

  it('are told for which request they are called', async () => {
    const contexts: HostCallContext[] = [];
    const engine = await started({
      waitFor: (x: number, context: HostCallContext) => {
        contexts.push(context);
        return x;
      },
    });
    await engine.call('shop', 'wait', [1], { requestId: 'r-42' });
    const [{ plugin, version, requestId, signal }] = contexts as [HostCallContext];
    expect([plugin, version, requestId, signal.aborted]).to.deep.equal([
      'shop',
      engine.getPlugin('shop')?.versions[0]?.version,
      'r-42',
      false,
    ]);
  });

  const misfits: [what: string, func: (x: number) => unknown, message: string][] = [
    ['throws', () => Promise.reject(new Error('secret of the host')), 'threw'],
    ['returns another type', () => 'no number', 'returned what does not fit its type: expected a u32, got a string'],
    ['returns what cannot be cloned', () => () => {}, 'threw'],
    ['throws an err that its type does not have', () => Promise.reject(new WitError('no')), 'threw'],
  ];
  for (const [what, waitFor, message] of misfits) {
    it(`that ${what} fail the request with ERR_HOST_FUNCTION, and the next one is served`, async () => {
      const engine = await started({ waitFor: (x: number) => (x === 0 ? waitFor(x) : x) });
      const error = await failure(engine.call('shop', 'wait', [0]));
      expect(error).to.be.instanceOf(PluginError);
      expect(error.code).to.equal('ERR_HOST_FUNCTION');
      expect(error.message).to.equal(`The host function "wait-for" of "acme:store/kv@1.0.0" ${message}`);
      expect(await engine.call('shop', 'wait', [4])).to.equal(4);
    });
  }

  it('of several threads do not wait for each other', async () => {
    const waiting: (() => void)[] = [];
    const engine = await started(
      {
        waitFor: (x: number) =>
          new Promise((resolve) => {
            waiting.push(() => resolve(x));
            if (waiting.length === 2) for (const go of waiting.reverse()) go();
          }),
      },
      {},
      2,
    );
    expect(await Promise.all([engine.call('shop', 'wait', [1]), engine.call('shop', 'wait', [2])])).to.deep.equal([
      1, 2,
    ]);
  });

  const ends: [what: string, options: (ms: number, abort: AbortController) => object, code: string][] = [
    ['its deadline passes', (ms) => ({ deadlineMs: ms }), 'ERR_DEADLINE'],
    ['its caller aborts it', (_ms, abort) => ({ signal: abort.signal }), 'ERR_ABORTED'],
    ['its wall time is over', () => ({}), 'ERR_WALL_TIME_LIMIT'],
  ];
  for (const [what, options, code] of ends) {
    it(`hear that a guest waits no more when ${what}`, async () => {
      const gone = Promise.withResolvers<void>();
      let called = false;
      // A busy machine may take longer before the guest asks.
      for (let ms = 800; !called; ms *= 4) {
        const abort = new AbortController();
        const engine = await started(
          {
            waitFor: (x: number, { signal }: HostCallContext) => {
              if (x !== 0) return x;
              called = true;
              signal.addEventListener('abort', () => gone.resolve());
              abort.abort();
              return new Promise(() => {});
            },
          },
          { wallTimeLimitMs: code === 'ERR_WALL_TIME_LIMIT' ? ms : 60_000 },
        );
        const error = await failure(engine.call('shop', 'wait', [0], options(ms, abort)));
        expect(error.code).to.equal(code);
        if (!called) continue;
        await gone.promise;
        expect(await engine.call('shop', 'wait', [5])).to.equal(5);
      }
    });
  }

  it('hear of a close by force, which does not wait for them', async () => {
    const called = Promise.withResolvers<AbortSignal>();
    const engine = await started({
      waitFor: (_: number, { signal }: HostCallContext) => {
        called.resolve(signal);
        return new Promise(() => {});
      },
    });
    const failed = failure(engine.call('shop', 'wait', [0]));
    const signal = await called.promise;
    await engine.close({ force: true });
    expect((await failed).code).to.equal('ERR_ENGINE_CLOSED');
    expect(signal.aborted).to.equal(true);
  });

  it('cost the guest no CPU time while it waits', async () => {
    const wait = Promise.withResolvers<number>();
    const engine = await started({ waitFor: () => wait.promise }, { cpuTimeLimitMs: 20 });
    setTimeout(() => wait.resolve(3), 200);
    expect(await engine.call('shop', 'wait', [0])).to.equal(3);
  });

  it('may call the engine, also the plugin that called them', async () => {
    let engine: PluginEngine | undefined;
    engine = await started({
      waitFor: async (x: number) => (x === 0 ? 0 : 1 + ((await engine!.call('shop', 'wait', [x - 1])) as number)),
    });
    expect(await engine.call('shop', 'wait', [3])).to.equal(3);
  });

  it('cannot deadlock: when all threads wait, the last one to ask for another is refused', async () => {
    let engine: PluginEngine | undefined;
    const codes: string[] = [];
    engine = await started({
      waitFor: async (x: number) => {
        try {
          return await engine!.call('shop', 'wait', [x + 1]);
        } catch (error) {
          codes.push((error as PluginError).code);
          return x;
        }
      },
    });
    const deepest = await engine.call('shop', 'wait', [1]);
    expect(codes).to.deep.equal(['ERR_QUEUE_FULL']);
    expect(deepest).to.equal(7);
    expect(engine.status().queued).to.equal(0);
  });

  it('count as host calls', async () => {
    const engine = await started({}, { maxHostCalls: 10 });
    expect(await engine.call('shop', 'many', [10])).to.equal(0);
    expect((await failure(engine.call('shop', 'many', [11]))).code).to.equal('ERR_HOST_CALL_LIMIT');
  });

  it('are all looked for when the plugin is loaded', async () => {
    const engine = await started({});
    const imports = { 'acme:store/kv': { get: () => 'x' } };
    const error = await failure(engine.loadPlugin('poor', await bytes, { world: 'any', imports }));
    expect(error.code).to.equal('ERR_UNKNOWN_IMPORT');
    expect(error.message).to.include('"half" of "acme:store/kv@1.0.0"');
  });

  it('are functions, and nothing else', async () => {
    const engine = await started({});
    const imports = { 'acme:store/kv': { get: 7 } } as never;
    const error = await failure(engine.loadPlugin('poor', await bytes, { world: 'any', imports }));
    expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
    expect(error.message).to.include('imports[acme:store/kv].get');
  });

  it('supply no resources', async () => {
    const { shopComponent } = await import('../host/imports/shop-component.ts');
    const engine = await started({});
    const imports = { 'acme:shop/api': { twice: () => 1, greet: () => '', half: () => 1, misfit: () => 1 } };
    const error = await failure(engine.loadPlugin('poor', await shopComponent(), { world: 'any', imports }));
    expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
    expect(error.hint).to.include('module');
  });
});
