import { channel } from 'node:diagnostics_channel';
import { performance } from 'node:perf_hooks';
import { expect } from 'chai';
import fc from 'fast-check';
import { PluginEngine } from '../../src/engine.ts';
import { PluginError } from '../../src/errors.ts';
import { guest } from '../fixtures/core-plugin.ts';
import { echo, wasi } from '../fixtures/guests.ts';
import { geometry } from '../support/geometry.ts';
import { plugin } from '../support/wat.ts';

/** Without declarations, a call takes anything and returns `unknown`. */
const SHAPES = 'local:geometry/shapes@1.0.0';

/** Numbers in a list that has a buffer to itself, which serves another call once it is over. */
const LARGE = 20_000;

/** Returns the first number of a list. */
const firsts = guest(() =>
  plugin(
    `(module
      (memory (export "memory") 3)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "first") (param i32 i32) (result i32) (i32.load (local.get 0))))`,
    'firsts',
    'package local:firsts@1.0.0; world firsts { export first: func(of: list<u32>) -> u32; }',
  ),
);

/** What a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<PluginError> {
  try {
    await promise;
  } catch (error) {
    expect(error).to.be.instanceOf(PluginError);
    return error as PluginError;
  }
  throw new Error('It was not rejected');
}

for (const binding of ['direct', 'glue'] as const) {
  describe(`engine.call, with the binding ${binding}`, () => {
    let engine: PluginEngine;
    const call = (path: string, ...args: unknown[]): Promise<unknown> => engine.call('geometry', path, args);
    const shapes = (name: string, ...args: unknown[]): Promise<unknown> => call(`${SHAPES}#${name}`, ...args);

    before(async () => {
      engine = await PluginEngine.create({ threads: 1, ...(binding === 'glue' && { binding }) });
      await engine.loadPlugin('geometry', await geometry(), { world: 'any', sandbox: { cpuTimeLimitMs: 300 } });
    });
    after(() => engine.close());

    it('passes values of every type, both ways', async () => {
      expect(await shapes('add', 2, 3)).to.equal(5);
      expect(await shapes('move', { x: 1, y: 2, label: 'a' }, 0.5)).to.deep.equal({ x: 1.5, y: 2.5, label: 'a' });
      expect(await shapes('move', { x: 1, y: 2 }, 1)).to.deep.equal({ x: 2, y: 3, label: undefined });
      expect(await shapes('total', new Uint32Array([1, 2, 4_000_000_000]))).to.equal(4_000_000_003n);
      const circle = { tag: 'circle', val: 2.5 };
      expect(await shapes('paint', circle, 'dark-green', { rightHand: true })).to.deep.equal([
        true,
        { tag: 'some', val: 1 },
      ]);
      const polygon = { tag: 'polygon', val: [{ x: 0, y: 0 }] };
      expect(await shapes('paint', polygon, 'red', {})).to.deep.equal([false, { tag: 'some', val: 2 }]);
      expect(await shapes('nothing')).to.equal(undefined);
    });

    it('returns a result as a value: what the component says is no error of the engine', async () => {
      expect(await shapes('divide', 7, 2)).to.deep.equal({ tag: 'ok', val: 3 });
      expect(await shapes('divide', 7, 0)).to.deep.equal({ tag: 'err', val: 'division by zero' });
    });

    it('calls functions that are in no interface', async () => {
      expect(await call('version')).to.equal('1.2.3');
    });

    it('refuses functions that are not there, or that pass resources', async () => {
      const missing = await rejection(shapes('subtract', 1, 2));
      expect(missing).to.include({ code: 'ERR_INVALID_ARGUMENT' });
      expect(missing.message).to.equal(`The component exports no function "${SHAPES}#subtract"`);
      expect(missing.hint)
        .to.match(/^It exports "version", /)
        .and.include(`"${SHAPES}#add"`);
      // Those that cannot be called would be no advice.
      expect(missing.hint).not.to.include('canvas').and.not.to.include('draw');
      const draw = await rejection(shapes('draw', {}));
      expect(draw.message).to.equal(
        `"${SHAPES}#draw" cannot be called from outside: it passes a resource, a stream or a future`,
      );
      expect((await rejection(shapes('[constructor]canvas'))).message).to.include('it belongs to a resource');
      for (const path of ['__proto__', 'constructor', `${SHAPES}#toString`, 'toString#call']) {
        expect(await rejection(call(path))).to.include({ code: 'ERR_INVALID_ARGUMENT' });
      }
    });

    it('knows what was meant', async () => {
      const hint = async (path: string) => (await rejection(call(path))).hint;
      for (const meant of ['add', 'shapes#add', 'local:geometry/shapes@2.0.0#add', `${SHAPES}/add`, `${SHAPES}#addd`]) {
        expect(await hint(meant), meant).to.equal(`Is it "${SHAPES}#add"?`);
      }
      expect(await hint(`${SHAPES}#Devide`)).to.equal(`Is it "${SHAPES}#divide"?`);
      expect(await hint('versio')).to.equal('Is it "version"?');
      expect(await hint('x'.repeat(1_000_000))).to.match(/^It exports /);
    });

    it('says that the component trapped, and goes on with a new instance', async () => {
      const error = await rejection(shapes('divide', -(2 ** 31), -1));
      expect(error).to.include({ code: 'ERR_TRAP', trap: 'integer-overflow' });
      expect(error.backtrace).to.have.length(1);
      expect(await shapes('divide', -(2 ** 31), 1)).to.deep.equal({ tag: 'ok', val: -(2 ** 31) });
    });

    if (binding === 'direct')
      it('refuses half of a surrogate pair, which would be another character to the plugin', async () => {
        for (const label of ['\ud800', `${'x'.repeat(100)}\udc00`]) {
          const refused = await rejection(shapes('move', { x: 1, y: 2, label }, 1));
          expect(refused.code).to.equal('ERR_INVALID_ARGUMENT');
          expect(refused.message).to.match(/args\[0\]\.label: expected a string without half of a surrogate pair/);
        }
      });

    it('refuses arguments that no type has, and too many or too few', async () => {
      const func = await rejection(shapes('add', 1, () => 2));
      const said = {
        direct: 'The arguments do not fit the function: args[1]: expected a u32, got a function',
        glue: 'The arguments have a value that cannot cross threads',
      };
      expect(func.message).to.equal(said[binding]);
      expect(func.code).to.equal('ERR_INVALID_ARGUMENT');
      expect((await rejection(shapes('add', 1))).message).to.match(/^Expected `args` to be an array of 2 arguments/);
    });

    it('holds the limits, and goes on with a new instance', async () => {
      expect(await rejection(shapes('spin'))).to.include({ code: 'ERR_CPU_TIME_LIMIT' });
      expect(await shapes('add', 2, 3)).to.equal(5);
      const late = await rejection(engine.call('geometry', `${SHAPES}#spin`, [], { deadlineMs: 20 }));
      expect(late.code).to.equal('ERR_DEADLINE');
    });

    it('says that the component has no process', async () => {
      const error = await rejection(engine.process('geometry', { input: '' }));
      expect(error.code).to.equal('ERR_INCOMPATIBLE_WIT');
      expect(error.hint).to.equal('Call the functions that it exports with `engine.call`.');
    });
  });
}

describe('engine.call', () => {
  let engine: PluginEngine;
  before(async () => {
    engine = await PluginEngine.create({ threads: 1 });
  });
  after(() => engine.close());

  it('calls the functions of plugins, too, beside their requests', async () => {
    await engine.loadPlugin('echo', await echo(), { config: { prefix: '> ' } });
    const request = { input: 'hello', options: [] };
    const [called, asked] = await Promise.all([
      engine.call('echo', 'toolsku:plugin-system/plugin-api@1.0.0#process', [request]),
      engine.process('echo', { input: 'hello' }),
    ]);
    expect(called).to.deep.equal({ output: '> hello', success: true, errorMessage: undefined });
    expect(asked).to.deep.equal({ output: '> hello', success: true });
    expect(engine.metrics.snapshot().plugins.find(({ plugin }) => plugin === 'echo')).to.include({ calls: 2 });
  });

  it('passes values that no mailbox has room for, and many at once', async () => {
    await engine.loadPlugin('long', await echo(), { sandbox: { maxOutputBytes: 64 * 1024 * 1024 } });
    const back = async (length: number): Promise<unknown> => {
      const request = { input: 'é'.repeat(length), options: [] };
      const path = 'toolsku:plugin-system/plugin-api@1.0.0#process';
      return ((await engine.call('long', path, [request])) as { output: string }).output === request.input;
    };
    const lengths = [0, 1, 10_000, 20_000, 30_000, 3, 100_000, 20_000, 5, 1_000_000];
    expect(await Promise.all(lengths.map(back))).to.deep.equal(lengths.map(() => true));
  });

  it('takes arguments as they are when it is called, which may call as well', async () => {
    await engine.loadPlugin('getters', await geometry(), { world: 'any' });
    let inner: Promise<unknown> | undefined;
    const point = {
      x: 1,
      get y() {
        inner = engine.call('getters', `${SHAPES}#move`, [{ x: 7, y: 8, label: 'inner' }, 0]);
        return 2;
      },
      label: 'outer',
    };
    const outer = engine.call('getters', `${SHAPES}#move`, [point, 0]);
    point.label = 'changed';
    expect([await outer, await inner]).to.deep.equal([
      { x: 1, y: 2, label: 'outer' },
      { x: 7, y: 8, label: 'inner' },
    ]);
    const thrower = {
      get x() {
        throw new Error('not now');
      },
    };
    expect((await rejection(engine.call('getters', `${SHAPES}#move`, [thrower, 0]))).message).to.include('not now');
  });

  it('has arguments of its own, also after one was given up that was about to be sent', async () => {
    await engine.loadPlugin('apart', await firsts(), { world: 'any' });
    const first = (value: number, options = {}) =>
      engine.call('apart', 'first', [new Uint32Array(LARGE).fill(value)], options);
    // Until it is known to be short, or the two would not travel together.
    for (let round = 0; round < 20; round++)
      await Promise.all(Array.from({ length: 50 }, () => engine.call('apart', 'first', [[7]])));
    const controller = new AbortController();
    const failed = channel('wasm-plugin-pool:request:error');
    const abort = (): void => controller.abort();
    failed.subscribe(abort);
    try {
      const sent = Promise.allSettled([first(1, { signal: controller.signal })]);
      const late = rejection(engine.call('apart', 'first', [[7]], { deadlineMs: 1 }));
      // Both are in the queue, and the second one is found to be late as they are taken out of it together.
      for (const until = performance.now() + 3; performance.now() < until; );
      expect((await late).code).to.equal('ERR_DEADLINE');
      expect(controller.signal.aborted).to.equal(true);
      await sent;
    } finally {
      failed.unsubscribe(abort);
    }
    // What the thread may have been sent nevertheless is over after the next one.
    expect(await first(3)).to.equal(3);
    const values = [11, 12, 13, 14];
    expect(await Promise.all(values.map((value) => first(value)))).to.deep.equal(values);
  });

  it('is what the functions of the plugin as an object do', async () => {
    await engine.loadPlugin('object', await geometry(), { world: 'any' });
    interface Shapes {
      add(one: number, other: number): number;
    }
    const plugin = engine.plugin<Record<string, Shapes>>('object');
    const shapes = plugin[SHAPES.split('@')[0]!]!;
    expect(await shapes.add(1, 2)).to.equal(3);
    expect((await rejection(shapes.add(1, 2, { deadlineMs: -1 }))).code).to.equal('ERR_DEADLINE');
    expect(() => engine.plugin('nobody'))
      .to.throw(PluginError)
      .with.property('code', 'ERR_PLUGIN_NOT_FOUND');
  });

  it('tells arguments of other types from faults of the plugin', async () => {
    await engine.loadPlugin('wrong', await geometry(), { world: 'any' });
    const error = await rejection(engine.call('wrong', `${SHAPES}#total`, ['text']));
    expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
    expect(error.message).to.match(/^The arguments do not fit the function: args\[0\]: expected /);
    expect(await engine.call('wrong', `${SHAPES}#add`, [1, 2])).to.equal(3);
  });

  it('answers or refuses whatever it is given, and goes on', async function () {
    this.timeout(60_000);
    await engine.loadPlugin('any', await geometry(), { world: 'any' });
    const names = ['add', 'divide', 'move', 'total', 'paint', 'nothing', '[constructor]canvas', 'draw', 'none'];
    const anything = fc.anything({ withBigInt: true, withTypedArray: true, withSparseArray: true, maxDepth: 3 });
    const fitting = fc.oneof(
      fc.record({
        x: fc.double(),
        y: fc.double(),
        label: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
      }),
      fc.record({ tag: fc.constantFrom('dot', 'circle', 'polygon', 'square'), val: anything }),
      fc.constantFrom('red', 'dark-green', 2 ** 31, -1, { rightHand: true }),
    );
    const args = fc.array(fc.oneof(anything, fitting), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), args, async (name, values) => {
        const codes = ['ERR_INVALID_ARGUMENT', 'ERR_TRAP'];
        const ended = await engine.call('any', `${SHAPES}#${name}`, values).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (ended !== undefined) expect(ended).to.be.instanceOf(PluginError).and.to.have.property('code').oneOf(codes);
      }),
      { numRuns: 500 },
    );
    expect(await engine.call('any', `${SHAPES}#add`, [1, 2])).to.equal(3);
  });

  it('goes to the versions of a plugin as requests do', async () => {
    await engine.loadPlugin('versions', await echo(), { version: '1.0.0', config: { prefix: '1.0.0' } });
    const versions = engine.versions('versions');
    await versions.load(await echo(), { version: '2.0.0', config: { prefix: '2.0.0' } });
    const prefix = async (version?: string) => {
      const path = 'toolsku:plugin-system/plugin-api@1.0.0#process';
      const options = version === undefined ? {} : { version };
      const answer = await engine.call('versions', path, [{ input: '', options: [] }], options);
      return (answer as { output: string }).output;
    };
    expect([await prefix(), await prefix('2.0.0')]).to.deep.equal(['1.0.0', '2.0.0']);
    versions.deployCanary('2.0.0', 100);
    expect([await prefix(), await prefix('1.0.0')]).to.deep.equal(['2.0.0', '1.0.0']);
    versions.rollback();
    expect(await prefix()).to.equal('1.0.0');
  });

  it('loads a component that is no plugin only where that was asked for', async () => {
    const error = await rejection(engine.loadPlugin('strict', await geometry()));
    expect(error.code).to.equal('ERR_INCOMPATIBLE_WIT');
    const info = await engine.loadPlugin('lenient', await geometry(), { world: 'any' });
    expect(info.world).to.equal('none');
    // What fits a world is a plugin also then.
    expect((await engine.loadPlugin('plugin', await wasi(), { world: 'any' })).world).to.equal('plugin-world');
    expect(await rejection(engine.loadPlugin('x', await echo(), { world: 'all' as 'any' }))).to.include({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });
});
