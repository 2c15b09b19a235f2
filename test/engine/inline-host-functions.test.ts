import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { HostCallContext, LoadOptions, PluginEngine } from '../../src/index.ts';
import { WitError } from '../../src/index.ts';
import { inlineThread } from '../../src/inline/inline-thread.ts';
import { collectGarbage } from '../../src/thread/collect-garbage.ts';
import { closeEngines, createEngine, ISOLATION } from '../support/engine.ts';
import { isSettled, rejection } from '../support/outcome.ts';
import { component } from '../support/wat.ts';

/** A component that gives to `acme:desk/clerk#ask` what it is given: `pass` returns what that does, `thrice` asks three times, `deep` asks behind so many calls of its own. */
const bytes = component(`(component
  (import "acme:desk/clerk@1.0.0" (instance $clerk (export "ask" (func (param "x" u32) (result (result u32 (error u32)))))))
  (core module $libc (memory (export "memory") 1))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (core func $ask (canon lower (func $clerk "ask") (memory $memory)))
  (core module $m
    (import "" "ask" (func $ask (param i32 i32)))
    (func (export "pass") (param i32) (result i32) (call $ask (local.get 0) (i32.const 16)) (i32.const 16))
    (func (export "thrice") (param i32) (result i32)
      (call $ask (local.get 0) (i32.const 16))
      (call $ask (local.get 0) (i32.const 16))
      (call $ask (local.get 0) (i32.const 16))
      (i32.const 0))
    (func $deep (export "deep") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
        (else (call $ask (i32.const 0) (i32.const 16)) (i32.const 0)))))
  (core instance $i (instantiate $m (with "" (instance (export "ask" (func $ask))))))
  (func (export "pass") (param "x" u32) (result (result u32 (error u32)))
    (canon lift (core func $i "pass") (memory $memory)))
  (func (export "thrice") (param "x" u32) (result u32) (canon lift (core func $i "thrice")))
  (func (export "deep") (param "x" u32) (result u32) (canon lift (core func $i "deep"))))`);

describe('host functions of a plugin on the thread of its caller', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  before(function () {
    if (process.env.TEST_BINDING === 'glue' || ISOLATION !== 'none') this.skip();
  });
  beforeEach(async () => {
    for (; inlineThread.isLittered; await turn()) collectGarbage();
    engine = await createEngine();
  });
  afterEach(closeEngines);

  const load = async (
    ask: (x: number, context: HostCallContext) => unknown,
    options: LoadOptions = {},
  ): Promise<void> => {
    await engine.loadPlugin('desk', await bytes, {
      world: 'any',
      placement: 'inline',
      sandbox: { maxInstructions: 10_000 },
      imports: { 'acme:desk/clerk@1.0.0': { ask } },
      ...options,
    });
  };
  const pass = (x: number): Promise<unknown> => engine.call('desk', 'pass', [x]);

  it('are called before `call` returns, for their own plugin', async () => {
    const seen: unknown[] = [];
    await load((x, { plugin, requestId }) => {
      seen.push({ x, plugin, named: requestId?.startsWith('r-') });
      return x + 1;
    });
    const answer = pass(1);
    expect(seen).to.deep.equal([{ x: 1, plugin: 'desk', named: true }]);
    expect(await answer).to.deep.equal({ tag: 'ok', val: 2 });
  });

  it('answer with an `err`, and hide from the guest what else they throw', async () => {
    await load((x) => {
      if (x === 0) throw new WitError(7);
      throw new Error('a secret');
    });
    expect(await pass(0)).to.deep.equal({ tag: 'err', val: 7 });
    const error = await rejection(pass(1));
    expect(error.code).to.equal('ERR_HOST_FUNCTION');
    expect(error.message).not.to.contain('secret');
    expect(await pass(0)).to.deep.equal({ tag: 'err', val: 7 });
  });

  it('cannot be waited for', async () => {
    const hint = await rejection(load(async (x) => x));
    expect(hint.code).to.equal('ERR_INVALID_ARGUMENT');
    expect(hint.message).to.contain('`ask`').and.to.contain('async');
    await load((x) => (x === 0 ? x : Promise.reject(new Error('late'))));
    const error = await rejection(pass(1));
    expect(error.code).to.equal('ERR_HOST_FUNCTION');
    expect(await pass(0)).to.deep.equal({ tag: 'ok', val: 0 });
  });

  it('may ask for the same plugin, or another, which a worker answers', async () => {
    const inner: Promise<unknown>[] = [];
    await load((x) => {
      if (x === 0) inner.push(pass(3));
      return x;
    });
    const outer = pass(0);
    expect(inner).to.have.length(1);
    expect(await isSettled(inner[0]!)).to.equal(false);
    expect(await outer).to.deep.equal({ tag: 'ok', val: 0 });
    expect(await inner[0]).to.deep.equal({ tag: 'ok', val: 3 });
  });

  for (const what of ['unloadPlugin', 'reloadPlugin', 'close'] as const) {
    it(`may ask for \`${what}\`: the call that they are in is done first`, async () => {
      let asked: Promise<unknown> | undefined;
      await load((x) => {
        asked ??= what === 'close' ? engine.close() : engine[what]('desk');
        return x;
      });
      expect(await pass(5)).to.deep.equal({ tag: 'ok', val: 5 });
      await asked;
      if (what === 'reloadPlugin') expect(await pass(6)).to.deep.equal({ tag: 'ok', val: 6 });
      else expect((await rejection(pass(6))).code).to.be.oneOf(['ERR_PLUGIN_NOT_FOUND', 'ERR_ENGINE_CLOSED']);
    });
  }

  it('are not begun where the guest has left them too little stack to come to their end', async () => {
    const nested = (depth: number): number => (depth === 0 ? 0 : 1 + nested(depth - 1));
    let [begun, ended] = [0, 0];
    const budget = 10_000_000;
    await load(
      (x) => {
        begun++;
        nested(50);
        ended++;
        return x;
      },
      { sandbox: { maxInstructions: budget }, inlineInstructions: budget },
    );
    const fits = (depth: number): Promise<boolean> =>
      engine.call('desk', 'deep', [depth]).then(
        () => true,
        () => false,
      );
    // The deepest at which it is called, and each around that: somewhere there the stack would end inside of it.
    let [low, high] = [1, 200_000];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (await fits(middle)) low = middle;
      else high = middle;
    }
    for (let depth = low - 150; depth < low + 150; depth++) await fits(depth);
    expect(begun).to.be.greaterThan(100);
    expect(ended).to.equal(begun);
  });

  it('end their call when the host has used its time for it, whatever instructions are left', async () => {
    await load((x) => {
      const { user } = process.threadCpuUsage();
      while (process.threadCpuUsage().user - user < 15_000);
      return x;
    });
    const { code, limit } = await rejection(engine.call('desk', 'thrice', [1]));
    expect({ code, limit }).to.deep.equal({ code: 'ERR_CPU_TIME_LIMIT', limit: { name: 'cpuTimeLimitMs', value: 10 } });
    expect(await pass(1)).to.deep.equal({ tag: 'ok', val: 1 });
  });
});
