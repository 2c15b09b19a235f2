import { expect } from 'chai';
import { type Checks, withChecks } from '../../src/instrumentation/checked-module.ts';
import { ControlPage } from '../../src/instrumentation/control-page.ts';
import { generatedModule } from '../support/generated-module.ts';
import { moduleOutcome } from '../support/module-outcome.ts';
import { component } from '../support/wat.ts';

const MODULES = 40;

async function module(wat: string): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(await component(wat));
}

const RUN = '(import "e" "memory" (memory 1)) (import "e" "host" (func (param i32) (result i32)))';

const INTERRUPTS: Checks = { interrupts: true, metered: false };
const METERED: Checks = { interrupts: false, metered: true };
const BOTH: Checks = { interrupts: true, metered: true };

/** A page with so much fuel. */
function fuelled(fuel: number): ControlPage {
  const control = new ControlPage();
  control.fuel = fuel;
  return control;
}

describe('withChecks', function () {
  this.timeout(60_000);

  it('leaves what a module computes as it is', async () => {
    for (let seed = 1; seed <= MODULES; seed++) {
      const bytes = await module(generatedModule(seed));
      for (const checks of [INTERRUPTS, METERED, BOTH]) {
        const { bytes: changed, checked } = withChecks(bytes, checks);
        expect(checked, `seed ${seed}`).to.equal('all');
        for (const argument of [0, 1, -7]) {
          const outcome = moduleOutcome(changed, argument, fuelled(1e9));
          expect(outcome, `seed ${seed}`).to.deep.equal(moduleOutcome(bytes, argument));
        }
      }
    }
  });

  it('has a module use the same fuel with interrupts and without, and stop where that ends', async () => {
    for (let seed = 1; seed <= MODULES; seed++) {
      const bytes = await module(generatedModule(seed));
      const [metered, both] = [METERED, BOTH].map((checks) => withChecks(bytes, checks).bytes);
      const used = [metered!, both!].map((changed) => {
        const control = fuelled(1e9);
        moduleOutcome(changed, 1, control);
        return 1e9 - control.fuel;
      });
      expect(used[0], `seed ${seed}`).to.equal(used[1]);
      const enough = fuelled(used[0]!);
      expect(moduleOutcome(metered!, 1, enough)).to.deep.equal(moduleOutcome(bytes, 1));
      expect(enough.fuel).to.equal(0);
      const scarce = fuelled(used[0]! - 1);
      moduleOutcome(metered!, 1, scarce);
      expect(scarce.fuel, `seed ${seed}`).to.be.below(0);
    }
  });

  for (const [what, code, instructions] of [
    // To be called is one.
    ['constants', '(i32.const 1)', 2],
    ['operators', '(i32.add (i32.const 1) (i32.const 2))', 4],
    ['blocks', '(block (result i32) (nop) (i32.const 1))', 3],
    // A constant, and `if`; then a constant.
    [
      'the branch that is taken',
      '(if (result i32) (i32.const 1) (then (i32.const 5)) (else (nop) (nop) (i32.const 6)))',
      4,
    ],
    ['the other branch', '(if (result i32) (i32.const 0) (then (i32.const 5)) (else (nop) (nop) (i32.const 6)))', 6],
    // Each round: get, const, sub, tee, br_if.
    [
      'rounds of a loop',
      '(local.set 0 (i32.const 10)) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 0)',
      54,
    ],
    ['nothing behind a branch', '(block (result i32) (i32.const 1) (br 0) (nop) (nop))', 3],
    // Three constants and the instruction, and one for each 16 bytes.
    ['bytes that are moved', '(memory.fill (i32.const 0) (i32.const 1) (i32.const 160)) (i32.const 0)', 16],
    ['what it calls', '(drop (call $host (i32.const 1))) (i32.const 0)', 5],
    // A constant and `throw`; what is behind it does not run; then what was caught, and a constant.
    [
      'what leads to an exception, and what handles it',
      '(drop (block $h (result i32) (try_table (catch $e $h) (throw $e (i32.const 5)) (nop) (nop)) (nop) (i32.const 1))) (i32.const 2)',
      5,
    ],
  ] as const) {
    it(`counts ${what}`, async () => {
      const bytes = await module(`(module
        (import "e" "host" (func $host (param i32) (result i32))) (import "e" "memory" (memory 1)) (tag $e (param i32))
        (func (export "run") (param i32) (result i32) ${code}))`);
      const control = fuelled(1000);
      const { ends } = moduleOutcome(withChecks(bytes, METERED).bytes, 1, control);
      expect([ends, 1000 - control.fuel]).to.deep.equal([moduleOutcome(bytes, 1).ends, instructions]);
    });
  }

  for (const [what, body] of [
    ['a loop', '(loop $ever (br $ever)) unreachable'],
    ['recursion', '(call $run (i32.const 1))'],
    ['recursion by tail calls', '(return_call $run (i32.const 1))'],
    [
      'bulk instructions',
      '(loop $ever (memory.fill (i32.const 0) (i32.const 0) (i32.const 60000)) (br $ever)) unreachable',
    ],
  ] as const) {
    it(`has ${what} run out of fuel, after as much of it each time`, async () => {
      const bytes = await module(`(module ${RUN} (func $run (export "run") (param i32) (result i32) ${body}))`);
      const ends = [1, 2].map(() => {
        const control = fuelled(20_000);
        const outcome = moduleOutcome(withChecks(bytes, METERED).bytes, 1, control);
        return [outcome.ends, control.fuel < 0, control.fuel];
      });
      expect(ends[0]!.slice(0, 2)).to.deep.equal(['RuntimeError: unreachable', true]);
      expect(ends[1]).to.deep.equal(ends[0]);
    });
  }

  for (const [what, body] of [
    ['a loop', '(loop $ever (br $ever)) unreachable'],
    ['a loop with values', '(drop (i32.const 1) (loop $ever (param i32) (result i32) (br $ever))) unreachable'],
    ['a loop with work', '(loop $ever (i32.store (i32.const 8) (i32.load (i32.const 16))) (br $ever)) unreachable'],
    ['recursion', '(call $run (i32.const 1))'],
    ['recursion by tail calls', '(return_call $run (i32.const 1))'],
    [
      'a loop that catches everything',
      '(loop $ever (block $caught (try_table (catch_all $caught) (call $throw))) (br $ever)) unreachable',
    ],
    ['a loop around a call', '(loop $ever (call $nothing) (br $ever)) unreachable'],
  ] as const) {
    it(`has ${what} end by a trap`, async () => {
      const { bytes: checked } = withChecks(
        await module(`(module ${RUN} (tag $e) (func $nothing) (func $throw (throw $e))
          (func $run (export "run") (param i32) (result i32) ${body}))`),
        INTERRUPTS,
      );
      const control = new ControlPage();
      control.interrupt();
      expect(moduleOutcome(checked, 1, control).ends).to.match(
        /^RuntimeError: (unreachable|memory access out of bounds)$/,
      );
      expect(control.settle()).to.equal('interrupted');
      expect(control.isInterrupted).to.equal(false);
    });
  }

  for (const [what, wat] of [
    ['defines a memory', '(memory 1) (func (loop $l (br $l)))'],
    ['has no code', '(memory (import "e" "memory") 1)'],
  ] as const) {
    it(`leaves a module that ${what} as it is`, async () => {
      const bytes = await module(`(module ${wat})`);
      expect(withChecks(bytes, INTERRUPTS).bytes).to.equal(bytes);
    });
  }

  it('leaves a module that is not valid as it is, which might reach the page or a local that is added', async () => {
    const bytes = await module(`(module ${RUN} (func (export "run") (param i32) (result i32)
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 2)) (local.get 0)))`);
    // (local.get 1), which becomes one of the function's own with its checks.
    const at = Buffer.from(bytes).lastIndexOf(Buffer.of(0x20, 0x00, 0x0b));
    bytes[at + 1] = 1;
    expect(withChecks(bytes, BOTH)).to.deep.equal({ bytes, checked: 'none' });
  });

  it('counts imported memories, so that no index changes', async () => {
    const { bytes: checked } = withChecks(
      await module(`(module ${RUN} (func (export "run") (param i32) (result i32)
        (memory.fill (i32.const 0) (i32.const 5) (i32.const 9)) (i32.load8_u (i32.const 8))))`),
      INTERRUPTS,
    );
    expect(moduleOutcome(checked, 0).ends).to.equal('5');
  });
});

describe('ControlPage', () => {
  it('holds as much fuel as a number can count', () => {
    for (const fuel of [0, 1, -1, -5_000_000_000, 4_294_967_295, 4_294_967_296, Number.MAX_SAFE_INTEGER]) {
      expect(fuelled(fuel).fuel).to.equal(fuel);
    }
  });

  it('has a thread that is being ended hear of it, whatever it was told before', () => {
    const control = new ControlPage();
    control.interrupt();
    control.end();
    expect(control.settle()).to.equal('ended');
    expect(control.isInterrupted).to.equal(true);
  });
});
