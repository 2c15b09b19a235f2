import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { closeEngines, collect, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { component, plugin } from '../support/wat.ts';

const asyncWit = await readFile(new URL('../../wit/async/plugin-system.wit', import.meta.url), 'utf8');

const API = 'toolsku:plugin-system/plugin-api@1.0.0';
const HOST = 'toolsku:plugin-system/host-api@1.0.0';

const ALLOCATOR = `(global $end (mut i32) (i32.const 4096))
  (func $allocate (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
    (global.get $end)
    (global.set $end (i32.and (i32.add (i32.add (global.get $end) (local.get $size)) (i32.const 7)) (i32.const -8))))`;

/** Its \`process\` asks the host for the configuration \`suffix\`, yields, and returns that; \`initialize\` and the rest return at once. */
const asyncPlugin = (onEvent: string): Promise<Uint8Array> =>
  plugin(
    `(module
      (import "${HOST}" "[async-lower]get-config" (func $get-config (param i32 i32 i32) (result i32)))
      (import "[export]${API}" "[task-return]process" (func $return (param i32 i32 i32 i32 i32 i32)))
      (memory (export "memory") 10)
      (data (i32.const 16) "suffix")
      (data (i32.const 32) "async")
      ${ALLOCATOR}
      (func (export "${API}#initialize") (param i32 i32) (result i32) (i32.const 1024))
      (func (export "${API}#shutdown") (result i32) (i32.const 1024))
      (func (export "${API}#get-metadata") (result i32)
        (i32.store (i32.const 1040) (i32.const 32)) (i32.store (i32.const 1044) (i32.const 5))
        (i32.store (i32.const 1048) (i32.const 32)) (i32.store (i32.const 1052) (i32.const 5))
        (i32.store (i32.const 1056) (i32.const 32)) (i32.store (i32.const 1060) (i32.const 5))
        (i32.const 1040))
      (func (export "[async-lift]${API}#process") (param i32 i32 i32 i32) (result i32)
        (if (i32.ne (call $get-config (i32.const 16) (i32.const 6) (i32.const 64)) (i32.const 2)) (then unreachable))
        (i32.const 1))
      (func (export "[callback][async-lift]${API}#process") (param i32 i32 i32) (result i32)
        ${onEvent})
    )`,
    'plugin-world',
    asyncWit,
  );

const RETURNS_CONFIG = `(call $return (i32.load (i32.const 68)) (i32.load (i32.const 72)) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))
  (i32.const 0)`;

describe('plugins whose functions are async', () => {
  let engine: PluginEngine;
  beforeEach(async () => {
    engine = await createEngine({ threads: 1, binding: 'auto' });
  });
  afterEach(closeEngines);

  it('serve requests and batches like any other', async () => {
    const info = await engine.loadPlugin('async', await asyncPlugin(RETURNS_CONFIG), {
      config: { suffix: 'configured' },
    });
    expect(info.metadata?.name).to.equal('async');
    expect(await engine.process('async', { input: 'x' })).to.deep.equal({ output: 'configured', success: true });
    const requests = Array.from({ length: 50 }, () => ({ input: 'x' }));
    const outputs = (await engine.processMany('async', requests)).map((result) => result.ok && result.output);
    expect(outputs).to.deep.equal(requests.map(() => 'configured'));
  });

  it('serve requests beside each other, each with budgets of its own', async () => {
    await engine.loadPlugin('async', await asyncPlugin(RETURNS_CONFIG), {
      config: { suffix: 'configured' },
      sandbox: { concurrency: 8, maxHostCalls: 1, maxInstructions: 10_000 },
    });
    const inputs = Array.from({ length: 40 }, (_, index) => 'x'.repeat(index === 5 ? 300_000 : 1));
    const answers = await Promise.all(inputs.map((input) => engine.process('async', { input })));
    const instructions = answers[0]?.instructions ?? 0;
    expect(instructions).to.be.within(1, 1000);
    for (const answer of answers) expect(answer).to.deep.equal({ output: 'configured', success: true, instructions });
    const many = await engine.processMany('async', [{ input: 'x' }, { input: 'y' }]);
    expect(many.map((result) => result.ok && result.output)).to.deep.equal(['configured', 'configured']);
  });

  it('are under the limits of their policy', async () => {
    const spins = await asyncPlugin('(loop $again (br $again)) unreachable');
    await engine.loadPlugin('spins', spins, { sandbox: { cpuTimeLimitMs: 100 }, config: { suffix: '' } });
    expect(await rejection(engine.process('spins', { input: 'x' }))).to.include({ code: 'ERR_CPU_TIME_LIMIT' });
    await engine.loadPlugin('yields', await asyncPlugin('(i32.const 1)'), {
      sandbox: { cpuTimeLimitMs: 100 },
      config: { suffix: '' },
    });
    expect(await rejection(engine.process('yields', { input: 'x' }))).to.include({ code: 'ERR_CPU_TIME_LIMIT' });
  });

  it('are under those that need checks where each step is too short for one, at the cost of no thread', async () => {
    const terminated = collect(engine, 'worker:terminated');
    const yields = await asyncPlugin('(i32.const 1)');
    const config = { suffix: '' };
    await engine.loadPlugin('counted', yields, { sandbox: { maxInstructions: 100_000 }, config });
    expect(await rejection(engine.process('counted', { input: 'x' }))).to.include({ code: 'ERR_INSTRUCTION_LIMIT' });
    const sandbox = { interrupt: 'trap', cpuTimeLimitMs: 100 } as const;
    await engine.loadPlugin('interrupted', yields, { sandbox, config });
    expect(await rejection(engine.process('interrupted', { input: 'x' }))).to.include({ code: 'ERR_CPU_TIME_LIMIT' });
    // What it leaves of its instructions is nothing that ends the next one.
    expect(await rejection(engine.process('counted', { input: 'x' }))).to.include({ code: 'ERR_INSTRUCTION_LIMIT' });
    await engine.loadPlugin('plain', await asyncPlugin(RETURNS_CONFIG), { config });
    expect(await engine.process('plain', { input: 'x' })).to.include({ success: true });
    expect(terminated).to.deep.equal([]);
  });

  it('trap when they end without a result, and are replaced', async () => {
    await engine.loadPlugin('ends', await asyncPlugin('(i32.const 0)'), { config: { suffix: '' } });
    for (let round = 0; round < 2; round++) {
      expect(await rejection(engine.process('ends', { input: 'x' }))).to.include({ code: 'ERR_TRAP' });
    }
  });

  it('have their functions called by engine.call, and call functions of the embedder', async () => {
    const bytes = await component(`(component
      (import "acme:store/kv" (instance $kv (export "get" (func async (param "key" u32) (result u32)))))
      (alias export $kv "get" (func $get))
      (core module $libc (memory (export "memory") 1))
      (core instance $libc (instantiate $libc))
      (core func $get' (canon lower (func $get) async (memory (core memory $libc "memory"))))
      (core func $return (canon task.return (result (result u32 (error u32)))))
      (core module $m
        (import "" "memory" (memory 1))
        (import "" "get" (func $get (param i32 i32) (result i32))) (import "" "return" (func $return (param i32 i32)))
        (func (export "run") (param i32) (result i32)
          (if (i32.ne (call $get (local.get 0) (i32.const 8)) (i32.const 2)) (then unreachable))
          (call $return (i32.gt_u (i32.load (i32.const 8)) (i32.const 100)) (i32.load (i32.const 8)))
          (i32.const 0))
        (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
      (core instance $i (instantiate $m (with "" (instance
        (export "memory" (memory $libc "memory")) (export "get" (func $get')) (export "return" (func $return))))))
      (func (export "run") async (param "key" u32) (result (result u32 (error u32)))
        (canon lift (core func $i "run") async (callback (core func $i "callback")))))`);
    await engine.loadPlugin('store', bytes, {
      world: 'any',
      imports: { 'acme:store/kv': new URL('./fixtures/tenfold.ts', import.meta.url) },
    });
    expect(await engine.call('store', 'run', [5])).to.deep.equal({ tag: 'ok', val: 50 });
    expect(await engine.call('store', 'run', [50])).to.deep.equal({ tag: 'err', val: 500 });
    expect(await rejection(engine.call('store', 'run', ['five']))).to.include({ code: 'ERR_INVALID_ARGUMENT' });
  });

  it('have functions that pass streams, too, which cannot be called yet; imports of that kind are refused', async () => {
    const exporting = await component(`(component
      (core module $m (func (export "read") (param i32)) (func (export "one") (result i32) (i32.const 1)))
      (core instance $i (instantiate $m))
      (type $bytes (stream u8))
      (func (export "read") (param "bytes" $bytes) (canon lift (core func $i "read")))
      (func (export "one") (result u32) (canon lift (core func $i "one"))))`);
    await engine.loadPlugin('streams', exporting, { world: 'any' });
    expect(await engine.call('streams', 'one', [])).to.equal(1);
    expect((await rejection(engine.call('streams', 'read', [0]))).message).to.match(/stream/);
    const importing = await component(`(component
      (type $bytes (stream u8))
      (import "acme:store/kv" (instance $kv (export "get" (func (param "bytes" $bytes)))))
      (alias export $kv "get" (func $get))
      (core func $get' (canon lower (func $get)))
      (core module $m (import "" "get" (func (param i32))))
      (core instance (instantiate $m (with "" (instance (export "get" (func $get')))))))`);
    const imports = { 'acme:store/kv': { get: () => undefined } };
    const refused = await rejection(engine.loadPlugin('streams', importing, { world: 'any', imports }));
    expect(refused.message).to.match(/stream/);
  });

  it('are refused by name where they use what is gated', async () => {
    const threads = await component('(component (core func (canon thread.index)))');
    const refused = await rejection(engine.loadPlugin('threads', threads, { world: 'any' }));
    expect([refused.code, refused.message]).to.deep.equal([
      'ERR_INVALID_COMPONENT',
      'The component uses what the host cannot run: threads',
    ]);
  });
});
