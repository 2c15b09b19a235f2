import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { BINDING, closeEngines, createEngine } from '../support/engine.ts';
import { outcome } from '../support/outcome.ts';
import { fullPlugin, respond } from '../workers/guest.ts';

const PAGES = 4;

/**
 * Answers with three characters: whether it found anything but zeros where it has put nothing, how often it was called,
 * and how many pages it has; then it fills all of that with a secret. The input `g` has it grow before, and the input
 * `t` has it trap at the end.
 */
const spy = (): Promise<Uint8Array> =>
  fullPlugin({
    memory: `(memory (export "memory") ${PAGES} 8)`,
    more: `(global $calls (mut i32) (i32.const 0))
      (func $found (param $at i32) (param $end i32) (result i32) (local $any i32)
        (loop
          (local.set $any (i32.or (local.get $any) (i32.load8_u (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if 0 (i32.lt_u (local.get $at) (local.get $end))))
        (i32.ne (local.get $any) (i32.const 0)))
      (func $size (result i32) (i32.shl (memory.size) (i32.const 16)))`,
    process: `
      (if (i32.eq (i32.load8_u (local.get $input)) (i32.const 0x67)) (then (drop (memory.grow (i32.const 1)))))
      (i32.store8 (i32.const 1024) (i32.add (i32.const 48)
        (i32.or (call $found (i32.const 0) (i32.const 512)) (call $found (i32.const 8448) (call $size)))))
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (i32.store8 (i32.const 1025) (i32.add (i32.const 48) (global.get $calls)))
      (i32.store8 (i32.const 1026) (i32.add (i32.const 48) (memory.size)))
      (memory.fill (i32.const 0) (i32.const 0x53) (i32.const 512))
      (memory.fill (i32.const 8448) (i32.const 0x53) (i32.sub (call $size) (i32.const 8448)))
      (if (i32.eq (i32.load8_u (local.get $input)) (i32.const 0x74)) (then unreachable))
      ${respond(1024, 3)}`,
  });

describe('fresh instances', () => {
  after(closeEngines);

  async function ask(engine: PluginEngine, plugin: string, ...inputs: string[]): Promise<string[]> {
    const answers: string[] = [];
    for (const input of inputs) {
      const answer = engine.process(plugin, { input });
      const end = await outcome(answer);
      answers.push(end === 'ok' ? (await answer).output : end);
    }
    return answers;
  }

  it('find nothing of an earlier request, whatever became of that', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('warm', await spy());
    await engine.loadPlugin('fresh', await spy(), { sandbox: { instances: 'fresh' } });
    // It does look where it says.
    expect(await ask(engine, 'warm', 'a', 'b', 'c')).to.deep.equal(['014', '124', '134']);
    expect(await ask(engine, 'fresh', 'a', 'b', 't', 'a', 'g', 'a', 'g', 'g', 't', 't', 'a')).to.deep.equal([
      '014',
      '014',
      'ERR_TRAP',
      '014',
      '015',
      '014',
      '015',
      '015',
      'ERR_TRAP',
      'ERR_TRAP',
      '014',
    ]);
  });

  it('are initialised once where they are brought back, and each where they are made anew', async function () {
    if (BINDING === 'glue') this.skip();
    const engine = await createEngine({ threads: 1 });
    const said: string[] = [];
    engine.on('plugin:log', ({ plugin }) => said.push(plugin));
    const speaks = await fullPlugin({
      initialize: `(i32.store8 (i32.const 1030) (i32.const 0x69))
        (call $log (i32.const 1030) (i32.const 1) (i32.const 1030) (i32.const 1) (i32.const 700)) (i32.const 600)`,
    });
    for (const snapshots of ['exact', 'never'] as const) {
      await engine.loadPlugin(snapshots, speaks, { sandbox: { instances: 'fresh', snapshots } });
      for (let request = 0; request < 5; request++) await engine.process(snapshots, { input: '' });
    }
    const times = (plugin: string) => said.filter((speaker) => speaker === plugin).length;
    // Of an allocator that gives nothing back one instance is tried in vain.
    expect(times('exact')).to.equal(2);
    expect(times('never')).to.be.at.least(5);
  });

  it('are those of a plugin that grows its memory, too', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('fresh', await spy(), { sandbox: { instances: 'fresh' } });
    const asked = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? 'g' : 'a'));
    expect(await ask(engine, 'fresh', ...asked)).to.deep.equal(asked.map((input) => (input === 'g' ? '015' : '014')));
  });

  it('have the most memory that they held in the metrics, also where they cannot be brought back for it', async () => {
    // A process tells of it later.
    const engine = await createEngine({ threads: 1, isolation: 'none' });
    const grows = await fullPlugin({
      memory: '(memory (export "memory") 1) (memory $more 1 9)',
      process: '(drop (memory.grow $more (i32.const 8))) (i32.const 512)',
      realloc: `(if (i32.eqz (local.get $old)) (then (return (i32.const 8192)))) (local.get $old)`,
    });
    await engine.loadPlugin('grows', grows, { sandbox: { instances: 'fresh' } });
    // An instance ends when its answer is out, and before the next request begins.
    for (const input of ['a', 'b']) await engine.process('grows', { input });
    expect(engine.metrics.snapshot().plugins[0]!.memoryPeakBytes).to.be.at.least(10 * 65_536);
  });

  it('come back after each trap of a warm plugin as one that was just made', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('warm', await spy());
    expect(await ask(engine, 'warm', 't', 'a', 'b', 't', 'a', 't', 't', 'a', 'b')).to.deep.equal([
      'ERR_TRAP',
      '014',
      '124',
      'ERR_TRAP',
      '014',
      'ERR_TRAP',
      'ERR_TRAP',
      '014',
      '124',
    ]);
  });

  it('find nothing of another request, when there are many at once', async () => {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('fresh', await spy(), { sandbox: { instances: 'fresh' } });
    const outputs = await Promise.all(
      Array.from({ length: 500 }, async () => (await engine.process('fresh', { input: 'a' })).output),
    );
    expect(new Set(outputs)).to.deep.equal(new Set(['014']));
  });
});
