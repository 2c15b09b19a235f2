import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { HostCallContext } from '../../src/host/imports/main-thread.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { component } from '../support/wat.ts';

/**
 * `sum` calls `get` for each of two keys before it waits for either, and returns the sum of what they return; `one` calls it
 * as if it were not async. `leave` returns at once and leaves its call to itself.
 */
const CALLER = `(component
  (import "acme:store/kv" (instance $kv (export "get" (func async (param "key" u32) (result u32)))))
  (alias export $kv "get" (func $get))
  (core module $libc (memory (export "memory") 1))
  (core instance $libc (instantiate $libc))
  (core func $get' (canon lower (func $get) async (memory (core memory $libc "memory"))))
  (core func $get'' (canon lower (func $get) (memory (core memory $libc "memory"))))
  (core func $return (canon task.return (result u32)))
  (core func $new (canon waitable-set.new)) (core func $join (canon waitable.join)) (core func $drop (canon subtask.drop))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "get" (func $get (param i32 i32) (result i32)))
    (import "" "get-sync" (func $get-sync (param i32) (result i32)))
    (import "" "return" (func $return (param i32)))
    (import "" "new" (func $new (result i32))) (import "" "join" (func $join (param i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (global $set (mut i32) (i32.const 0)) (global $open (mut i32) (i32.const 0))
    (func $ask (param $key i32) (param $at i32) (local $status i32)
      (local.set $status (call $get (local.get $key) (local.get $at)))
      (if (i32.ne (local.get $status) (i32.const 2))
        (then
          (call $join (i32.shr_u (local.get $status) (i32.const 4)) (global.get $set))
          (global.set $open (i32.add (global.get $open) (i32.const 1))))))
    (func $next (result i32)
      (if (i32.eqz (global.get $open))
        (then (call $return (i32.add (i32.load (i32.const 8)) (i32.load (i32.const 12)))) (return (i32.const 0))))
      (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))
    (func (export "sum") (param i32 i32) (result i32)
      (global.set $set (call $new))
      (call $ask (local.get 0) (i32.const 8))
      (call $ask (local.get 1) (i32.const 12))
      (call $next))
    (func (export "one") (param i32) (result i32) (call $return (call $get-sync (local.get 0))) (i32.const 0))
    (func (export "leave") (param i32) (result i32)
      (drop (call $get (local.get 0) (i32.const 16))) (call $return (i32.const 1)) (i32.const 0))
    (func (export "trap") (param i32) (result i32)
      (drop (call $get (local.get 0) (i32.const 16))) unreachable)
    (func (export "callback") (param $event i32) (param $subtask i32) (param $state i32) (result i32)
      (call $drop (local.get $subtask))
      (global.set $open (i32.sub (global.get $open) (i32.const 1)))
      (call $next)))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $libc "memory")) (export "get" (func $get')) (export "get-sync" (func $get''))
    (export "return" (func $return))
    (export "new" (func $new)) (export "join" (func $join)) (export "drop" (func $drop))))))
  (func (export "sum") async (param "a" u32) (param "b" u32) (result u32)
    (canon lift (core func $i "sum") async (callback (core func $i "callback"))))
  (func (export "one") async (param "a" u32) (result u32)
    (canon lift (core func $i "one") async (callback (core func $i "callback"))))
  (func (export "leave") async (param "a" u32) (result u32)
    (canon lift (core func $i "leave") async (callback (core func $i "callback"))))
  (func (export "trap") async (param "a" u32) (result u32)
    (canon lift (core func $i "trap") async (callback (core func $i "callback")))))`;

describe('functions of the main thread that a guest calls as async', () => {
  let engine: PluginEngine;
  let bytes: Uint8Array;
  before(async () => {
    bytes = await component(CALLER);
  });
  beforeEach(async () => {
    engine = await createEngine({ threads: 1, maxThreads: 2, binding: 'auto' });
  });
  afterEach(closeEngines);

  type Get = (key: number, context: HostCallContext) => unknown;
  const load = (get: Get, sandbox = {}) =>
    engine.loadPlugin('caller', bytes, { world: 'any', imports: { 'acme:store/kv': { get } }, sandbox });

  it('do not block it: all that it has called go on meanwhile, and end in any order', async () => {
    const called: number[] = [];
    const both = Promise.withResolvers<void>();
    await load(async (key) => {
      called.push(key);
      if (called.length === 2) both.resolve();
      await both.promise;
      if (key === 1) await new Promise((resolve) => setImmediate(resolve));
      return key * 10;
    });
    expect(await engine.call('caller', 'sum', [1, 2])).to.equal(30);
    expect(called).to.deep.equal([1, 2]);
    expect(await engine.call('caller', 'sum', [3, 4])).to.equal(70);
  });

  it('block it where it calls them as if they were not', async () => {
    await load(async (key) => key + 1);
    expect(await engine.call('caller', 'one', [1])).to.equal(2);
  });

  it('may ask the engine for something that needs the thread of the guest', async () => {
    const echo = await component(`(component
      (core module $m (func (export "echo") (param i32) (result i32) (local.get 0)))
      (core instance $i (instantiate $m))
      (func (export "echo") (param "x" u32) (result u32) (canon lift (core func $i "echo"))))`);
    await engine.loadPlugin('echo', echo, { world: 'any' });
    await load((key) => engine.call('echo', 'echo', [key]));
    expect(await engine.call('caller', 'sum', [1, 2])).to.equal(3);
    await engine.loadPlugin('nested', bytes, {
      world: 'any',
      imports: { 'acme:store/kv': { get: (key: number) => engine.call('caller', 'sum', [key, key]) } },
    });
    // Both threads would wait for the function that waits for a thread.
    expect(await rejection(engine.call('nested', 'one', [1]))).to.include({ code: 'ERR_HOST_FUNCTION' });
  });

  it('end the call with what is wrong with them', async () => {
    await load(async (key) => {
      if (key === 2) throw new Error('no such key');
      return key === 3 ? 'three' : key;
    });
    for (const key of [2, 3]) {
      expect(await rejection(engine.call('caller', 'sum', [1, key]))).to.include({ code: 'ERR_HOST_FUNCTION' });
    }
    expect(await engine.call('caller', 'sum', [1, 1])).to.equal(2);
  });

  it('hear of it when nobody waits for them any more', async () => {
    const signals: AbortSignal[] = [];
    const leaving = Promise.withResolvers<number>();
    await load((key, { signal }) => {
      signals.push(signal);
      return key === 1 ? leaving.promise : new Promise(() => {});
    });
    expect(await rejection(engine.call('caller', 'trap', [2]))).to.include({ code: 'ERR_TRAP' });
    expect(await engine.call('caller', 'leave', [1])).to.equal(1);
    // What comes after its call is nobody's, and in nobody's way.
    leaving.resolve(5);
    expect(await engine.call('caller', 'leave', [1])).to.equal(1);
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([true, false, false]);
  });

  it('are under the limit of wall time, at the cost of the thread', async () => {
    await load(() => new Promise(() => {}), { wallTimeLimitMs: 50 });
    expect(await rejection(engine.call('caller', 'sum', [1, 2]))).to.include({ code: 'ERR_WALL_TIME_LIMIT' });
  });
});
