import { inspect } from 'node:util';
import { expect } from 'chai';
import { fromWire, PluginError, toWire } from '../src/errors.ts';
import { lifecycle } from './fixtures/guests.ts';
import { closeEngines, createEngine } from './support/engine.ts';
import { rejection } from './support/outcome.ts';

const FRAME = { module: '1a2b3c4d', index: 7, offset: 0x1a3 };

describe('an error that is printed', () => {
  it('shows what it knows, and nothing of what it does not', () => {
    const limit = { name: 'wallTimeLimitMs', value: 50 };
    const error = new PluginError('ERR_WALL_TIME_LIMIT', 'It took too long', { plugin: 'slow', limit });
    const shown = inspect(error);
    expect(shown).to.match(/^PluginError: It took too long\n/);
    expect(shown).to.include("code: 'ERR_WALL_TIME_LIMIT'").and.to.include("plugin: 'slow'");
    expect(shown).to.include('value: 50').and.not.to.include('undefined');
    expect(Object.keys(error)).to.deep.equal(['name', 'code', 'plugin', 'limit']);
    error.began = true;
    expect(inspect(error.with({ requestId: 'r-1' })))
      .to.include("requestId: 'r-1'")
      .and.to.include('began: true');
  });
});

describe('an error behind an error', function () {
  this.timeout(60_000);
  after(closeEngines);

  /** Across a thread boundary: only what can be cloned arrives. */
  const sent = (error: unknown): PluginError => fromWire(structuredClone(toWire(error)));

  it('crosses threads with all that it knows', () => {
    const limit = { name: 'maxMemoryBytes', value: 65_536 };
    const trap = new PluginError('ERR_TRAP', 'It trapped', { trap: 'unreachable', backtrace: [FRAME], limit });
    const { cause } = sent(new PluginError('ERR_INITIALIZE_FAILED', 'It failed', { cause: trap }));
    expect(cause).to.be.instanceOf(PluginError);
    expect(cause).to.deep.include({ code: 'ERR_TRAP', message: 'It trapped', trap: 'unreachable', limit });
    expect((cause as PluginError).backtrace).to.deep.equal([FRAME]);
  });

  it('crosses as a line of text when it is none of the engine', () => {
    const { cause } = sent(new PluginError('ERR_TRAP', 'It trapped', { cause: new RangeError('too far') }));
    expect((cause as Error).message).to.equal('RangeError: too far');
  });

  it('does not go on for ever when it goes in a circle', () => {
    const circle = new PluginError('ERR_TRAP', 'It trapped');
    circle.cause = circle;
    let depth = 0;
    for (let error: unknown = sent(circle); error instanceof Error; error = error.cause) depth++;
    expect(depth).to.equal(6);
  });

  for (const [what, guest, code] of [
    ['a trap in initialize', lifecycle.initializeTraps, 'ERR_TRAP'],
    ['a trap in a start function', lifecycle.startTraps, 'ERR_TRAP'],
    ['a loop in initialize', lifecycle.initializeSpins, 'ERR_CPU_TIME_LIMIT'],
    ['a loop in a start function', lifecycle.startSpins, 'ERR_CPU_TIME_LIMIT'],
    ['an answer that breaks the ABI', lifecycle.reallocOutOfRange, 'ERR_INVALID_RESPONSE'],
  ] as const) {
    it(`is there for who loads a plugin: ${what}`, async () => {
      const engine = await createEngine({ threads: 1 });
      const load = engine.loadPlugin('plugin', await guest(), { sandbox: { cpuTimeLimitMs: 60 } });
      const error = await rejection(load);
      expect(error.code).to.equal('ERR_INITIALIZE_FAILED');
      const cause = error.cause as PluginError;
      expect(cause).to.be.instanceOf(PluginError);
      expect(cause.code).to.equal(code);
      expect(error.message).to.include(cause.message);
      expect([cause.trap, cause.limit, cause.hint]).to.deep.equal([error.trap, error.limit, error.hint]);
      expect(cause.backtrace).to.deep.equal(error.backtrace);
      if (code === 'ERR_TRAP') expect([cause.trap, cause.backtrace?.length]).to.deep.equal(['unreachable', 1]);
      expect(error.toJSON().cause).to.deep.equal(cause.toJSON());
    });
  }

  it('is not there where the plugin itself refused to start', async () => {
    const engine = await createEngine({ threads: 1 });
    const error = await rejection(engine.loadPlugin('plugin', await lifecycle.initializeErrs()));
    expect([error.code, error.cause]).to.deep.equal(['ERR_INITIALIZE_FAILED', undefined]);
    expect(error.message).to.include('no licence key');
  });
});
