import { expect } from 'chai';
import type { PluginInstance } from '../../src/instance/plugin-instance.ts';
import { thrown } from '../support/outcome.ts';
import { fullPlugin, type GuestOptions, launch, respond } from '../workers/guest.ts';

const NO_OPTIONS = [] as const;
const ENOUGH = 8 * 1024 * 1024;

async function kept(options: GuestOptions): Promise<{ instance: PluginInstance; ask: () => string }> {
  const { instance } = await launch(await fullPlugin(options));
  instance.initialize();
  expect(instance.keep(ENOUGH)).to.equal(undefined);
  return { instance, ask: () => instance.process('', NO_OPTIONS).output };
}

async function refused(options: GuestOptions): Promise<string | undefined> {
  const { instance } = await launch(await fullPlugin(options));
  instance.initialize();
  return instance.keep(ENOUGH);
}

/** Answers with the digit of what an expression gives, after which `then` happens. */
const digit = (value: string, then: string): string =>
  `(i32.store8 (i32.const 1024) (i32.add (i32.const 48) ${value})) ${then} ${respond(1024, 1)}`;

describe('an instance that is brought back', () => {
  it('has the memory that it had, where it was zero as where it was not', async () => {
    const { instance, ask } = await kept({
      memory: '(memory (export "memory") 5)',
      initialize: '(i32.store8 (i32.const 131072) (i32.const 3)) (i32.const 600)',
      process: digit(
        `(i32.add (i32.load8_u (i32.const 131072)) (i32.add (i32.load8_u (i32.const 327679)) (i32.load8_u (i32.const 70000))))`,
        '(memory.fill (i32.const 65536) (i32.const 1) (i32.const 262144))',
      ),
    });
    expect(ask()).to.equal('3');
    expect(ask()).to.equal('3');
    for (let round = 0; round < 3; round++) {
      expect(instance.rewind()).to.equal(true);
      expect(ask()).to.equal('3');
    }
  });

  it('has the globals that it had, whatever initialize and start functions made of them', async () => {
    const { instance, ask } = await kept({
      initialize: '(global.set $calls (i32.add (global.get $calls) (i32.const 2))) (i32.const 600)',
      more: `(global $calls (mut i32) (i32.const 0)) (global $wide (mut i64) (i64.const -9007199254740993))
        (global $half (mut f32) (f32.const 0.1)) (global $whole (mut f64) (f64.const -0))
        (func $start (global.set $calls (i32.const 1))) (start $start)`,
      process: digit(
        `(i32.add (global.get $calls) (i32.shl (i32.and (i32.and
          (i64.eq (global.get $wide) (i64.const -9007199254740993)) (f32.eq (global.get $half) (f32.const 0.1)))
          (i64.eq (i64.reinterpret_f64 (global.get $whole)) (i64.const 0x8000000000000000))) (i32.const 2)))`,
        `(global.set $calls (i32.const 0)) (global.set $wide (i64.const 1)) (global.set $half (f32.const 2))
         (global.set $whole (f64.const 0))`,
      ),
    });
    expect(ask()).to.equal('7');
    expect(ask()).to.equal('0');
    instance.rewind();
    expect(ask()).to.equal('7');
  });

  it('is as it was after a trap, and after a shutdown', async () => {
    const { instance, ask } = await kept({
      more: '(global $calls (mut i32) (i32.const 0))',
      process: `(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (if (i32.eq (global.get $calls) (i32.const 2)) (then unreachable)) ${digit('(global.get $calls)', '')}`,
    });
    for (let round = 0; round < 3; round++) {
      expect(ask()).to.equal('1');
      expect(thrown(ask)).to.include({ code: 'ERR_TRAP', trap: 'unreachable' });
      expect(instance.state).to.equal('dead');
      expect(instance.rewind()).to.equal(true);
      expect(instance.state).to.equal('ready');
    }
    expect(instance.shutdown()).to.equal(undefined);
    expect(instance.rewind()).to.equal(true);
    expect(ask()).to.equal('1');
  });

  it('is not where its memory has grown, because none can shrink', async () => {
    const { instance, ask } = await kept({ process: digit('(memory.size)', '(drop (memory.grow (i32.const 1)))') });
    expect(ask()).to.equal('1');
    expect(instance.rewind()).to.equal(false);
    expect(instance.state).to.equal('dead');
    expect(instance.rewind()).to.equal(false);
  });

  it('is not where the stack ended, within whose code nobody knows', async () => {
    const { instance, ask } = await kept({
      more: '(func $deeper (call $deeper))',
      process: '(call $deeper) (i32.const 512)',
    });
    expect(thrown(ask)).to.include({ code: 'ERR_STACK_OVERFLOW' });
    expect(instance.rewind()).to.equal(false);
  });

  it('is not brought back where a table or a segment could have changed', async () => {
    const table = '(table $t 2 8 funcref) (elem declare func $f) (func $f)';
    const data = '(data $d "x") (elem $e func $g) (func $g) (table $u 1 funcref)';
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [table, '(table.set $t (i32.const 1) (ref.func $f))', /writes to tables/],
      [table, '(drop (table.grow $t (ref.null func) (i32.const 1)))', /grows tables/],
      [table, '(table.fill $t (i32.const 0) (ref.null func) (i32.const 1))', /writes to tables/],
      [table, '(table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 1))', /writes to tables/],
      [data, '(table.init $u $e (i32.const 0) (i32.const 0) (i32.const 1))', /writes to tables/],
      [data, '(data.drop $d)', /drops data segments/],
      [data, '(elem.drop $e)', /drops element segments/],
    ];
    for (const [more, process, why] of cases)
      expect(await refused({ more, process: `${process} (i32.const 512)` })).to.match(why);
    // What does not change is no reason.
    expect(await refused({ more: `${table} ${data}`, process: '(drop (table.size $t)) (i32.const 512)' })).to.equal(
      undefined,
    );
  });

  it('is not where a global changes that JavaScript does not see', async () => {
    expect(await refused({ more: '(global (mut v128) (v128.const i64x2 0 0))' })).to.match(/not known/);
    expect(await refused({ more: '(global (mut funcref) (ref.null func))' })).to.match(/of type funcref/);
    expect(await refused({ more: '(global (mut f32) (f32.const nan:0x200001))' })).to.match(/not a number/);
    expect(await refused({ more: '(global funcref (ref.null func))' })).to.equal(undefined);
    expect(await refused({ more: '(global (mut i32) (i32.const 0))'.repeat(65) })).to.match(/more than 64 globals/);
  });

  it('is not where that would take more than it may', async () => {
    const { instance } = await launch(await fullPlugin());
    expect(instance.keep(65_535)).to.match(/more than 65535 bytes/);
    expect(instance.keptBytes).to.equal(0);
    expect(instance.keep(65_536)).to.equal(undefined);
    expect(instance.holds.bytes).to.equal(65_536 + instance.keptBytes);
  });

  it('is not copied where it would take more than it may', async () => {
    const pages = 256;
    const { instance } = await launch(
      await fullPlugin({
        memory: `(memory (export "memory") ${pages})`,
        initialize: `(memory.fill (i32.const 65536) (i32.const 1) (i32.const ${(pages - 1) * 65_536})) (i32.const 600)`,
      }),
    );
    instance.initialize();
    const before = process.memoryUsage().arrayBuffers;
    expect(instance.keep((pages - 1) * 65_536)).to.match(/bytes in use/);
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(65_536 * 16);
    expect(instance.keep(pages * 65_536)).to.equal(undefined);
  });

  it('has its memory grown beforehand, where the guest gives back what it allocates', async () => {
    const giving = `(if (result i32) (i32.eqz (local.get $old))
      (then (drop (memory.grow (i32.const 1))) (i32.const 8192)) (else (local.get $old)))`;
    const { instance } = await launch(await fullPlugin({ realloc: giving }));
    expect(instance.reserve(4096)).to.equal(true);
    expect(instance.holds.bytes).to.be.above(65_536);
    // The allocator of these guests never gives anything back.
    const { instance: spent } = await launch(await fullPlugin());
    expect(spent.reserve(4096)).to.equal(false);
    const { instance: small } = await launch(await fullPlugin());
    expect(small.reserve(ENOUGH)).to.equal(false);
    expect(small.state).to.equal('dead');
  });

  it("is not where jco's glue runs it", async () => {
    const { instance } = await launch(await fullPlugin(), { binding: 'glue' });
    expect(instance.keep(ENOUGH)).to.match(/glue/);
  });
});
