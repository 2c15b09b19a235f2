import timers from 'node:timers';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { isError } from '../../src/text/is-error.ts';
import { systemReason } from '../../src/text/system-error.ts';
import { hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

const CLOCK = ['setTimeout', 'setInterval', 'setImmediate', 'performance', 'Date'] as const;

describe('the tests of an embedder', () => {
  const own = new Map<string, unknown>();
  beforeEach(() => {
    for (const name of CLOCK) own.set(name, globalThis[name]);
  });
  afterEach(async () => {
    Object.assign(globalThis, Object.fromEntries(own));
    await closeEngines();
  });

  it('with a fake clock do not switch limits off', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('plugin', await hostile(), { sandbox: { cpuTimeLimitMs: 50 } });
    // As Jest and Sinon do it: time stands still, and no timer fires.
    const never = (): object => ({ ref: never, unref: never, hasRef: () => true, refresh: never });
    const frozen = { now: () => 0, timeOrigin: 0 };
    Object.assign(globalThis, { setTimeout: never, setInterval: never, setImmediate: never, performance: frozen });
    const limited = rejection(engine.process('plugin', { input: 'spin' }));
    const late = rejection(engine.process('plugin', { input: 'spin' }, { deadlineMs: 30 }));
    const patience = new Promise((_, reject) => timers.setTimeout(() => reject(new Error('nothing happened')), 20_000));
    const codes = Promise.all([limited, late]).then((errors) => errors.map(({ code }) => code));
    expect(await Promise.race([codes, patience])).to.deep.equal(['ERR_CPU_TIME_LIMIT', 'ERR_DEADLINE']);
  });

  it('in a context of their own know errors of another realm', () => {
    const foreign = runInNewContext(
      `Object.assign(new TypeError('gone'), { syscall: 'open', errno: -2, code: 'ENOENT' })`,
    );
    expect(foreign).not.to.be.an.instanceOf(Error);
    expect(isError(foreign)).to.equal(true);
    expect(systemReason(foreign)).to.equal('no such file or directory');
    for (const other of [undefined, null, 'error', { message: 'error', name: 'Error' }]) {
      expect(isError(other)).to.equal(false);
    }
  });
});
