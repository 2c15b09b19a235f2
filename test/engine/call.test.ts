import { expect } from 'chai';
import { PluginEngine } from '../../src/engine.ts';
import { PluginError } from '../../src/errors.ts';
import { echo, wasi } from '../fixtures/guests.ts';
import { geometry } from '../support/geometry.ts';

/** Without declarations, a call takes anything and returns `unknown`. */
const SHAPES = 'local:geometry/shapes@1.0.0';

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
      expect(missing.hint).to.include(`"${SHAPES}#add"`);
      const draw = await rejection(shapes('draw', {}));
      expect(draw.message).to.equal(
        `"${SHAPES}#draw" cannot be called from outside: it passes a resource, a stream or a future`,
      );
      expect((await rejection(shapes('[constructor]canvas'))).message).to.include('it belongs to a resource');
      for (const path of ['__proto__', 'constructor', `${SHAPES}#toString`, 'toString#call']) {
        expect(await rejection(call(path))).to.include({ code: 'ERR_INVALID_ARGUMENT' });
      }
    });

    it('refuses arguments that cannot cross threads, and too many or too few', async () => {
      const func = await rejection(shapes('add', 1, () => 2));
      expect(func.message).to.equal('The arguments have a value that cannot cross threads');
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

  it('tells arguments of other types from faults of the plugin', async () => {
    await engine.loadPlugin('wrong', await geometry(), { world: 'any' });
    const error = await rejection(engine.call('wrong', `${SHAPES}#total`, ['text']));
    expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
    expect(error.message).to.match(/^The arguments do not fit the function: Expected /);
    expect(await engine.call('wrong', `${SHAPES}#add`, [1, 2])).to.equal(3);
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
