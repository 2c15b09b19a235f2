import { expect } from 'chai';
import { ControlPage } from '../../src/instrumentation/control-page.ts';
import { withInterruptChecks } from '../../src/instrumentation/interrupt-checks.ts';
import { generatedModule } from '../support/generated-module.ts';
import { moduleOutcome } from '../support/module-outcome.ts';
import { component } from '../support/wat.ts';

const MODULES = 40;

async function module(wat: string): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(await component(wat));
}

const RUN = '(import "e" "memory" (memory 1)) (import "e" "host" (func (param i32) (result i32)))';

describe('withInterruptChecks', function () {
  this.timeout(60_000);

  it('leaves what a module computes as it is', async () => {
    for (let seed = 1; seed <= MODULES; seed++) {
      const bytes = await module(generatedModule(seed));
      const checked = withInterruptChecks(bytes);
      expect(checked, `seed ${seed}`).not.to.equal(bytes);
      for (const argument of [0, 1, -7]) {
        expect(moduleOutcome(checked, argument), `seed ${seed}`).to.deep.equal(moduleOutcome(bytes, argument));
      }
    }
  });

  for (const [what, body] of [
    ['a loop', '(loop $ever (br $ever)) unreachable'],
    ['a loop with values', '(drop (i32.const 1) (loop $ever (param i32) (result i32) (br $ever))) unreachable'],
    ['a loop with work', '(loop $ever (i32.store (i32.const 8) (i32.load (i32.const 16))) (br $ever)) unreachable'],
    ['recursion', '(call $run (i32.const 1))'],
    ['recursion by tail calls', '(return_call $run (i32.const 1))'],
    ['a loop around a call', '(loop $ever (call $nothing) (br $ever)) unreachable'],
  ] as const) {
    it(`has ${what} end by a trap`, async () => {
      const checked = withInterruptChecks(
        await module(`(module ${RUN} (func $nothing)
          (func $run (export "run") (param i32) (result i32) ${body}))`),
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
      expect(withInterruptChecks(bytes)).to.equal(bytes);
    });
  }

  it('counts imported memories, so that no index changes', async () => {
    const checked = withInterruptChecks(
      await module(`(module ${RUN} (func (export "run") (param i32) (result i32)
        (memory.fill (i32.const 0) (i32.const 5) (i32.const 9)) (i32.load8_u (i32.const 8))))`),
    );
    expect(moduleOutcome(checked, 0).ends).to.equal('5');
  });
});

describe('ControlPage', () => {
  it('has a thread that is being ended hear of it, whatever it was told before', () => {
    const control = new ControlPage();
    control.interrupt();
    control.end();
    expect(control.settle()).to.equal('ended');
    expect(control.isInterrupted).to.equal(true);
  });
});
