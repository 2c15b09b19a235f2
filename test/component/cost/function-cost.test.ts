import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { parseCoreModule } from '../../../src/component/core-module.ts';
import type { FunctionCost } from '../../../src/component/cost/function-cost.ts';
import { type MeasuredFunction, measureFunctions } from '../../../src/component/cost/module-code.ts';
import { component } from '../../support/wat.ts';
import { INSTRUCTIONS, moduleOf } from '../instruction-texts.ts';

function measure(bytes: Uint8Array): readonly MeasuredFunction[] {
  return [...measureFunctions(bytes, parseCoreModule(bytes, { start: 0, end: bytes.length }, { start: 0, end: 0 }))];
}

/** The cost of the last function of a module. */
async function costOf(text: string): Promise<FunctionCost> {
  return measure(await component(`(module ${text})`)).at(-1)!.cost;
}

/** What ends the block that it is in: nothing is said of the operands behind it. */
const LEAVES = /^(return|unreachable|\(br_table 0|\(return_call|\(throw)|throw_ref$/;

const COLLECTED = /struct|array|i31|ref\.test|ref\.cast|convert/;

describe('functionCost', () => {
  for (const [what, texts] of Object.entries(INSTRUCTIONS)) {
    it(`knows how many operands instructions leave: ${what}`, async () => {
      const staying = texts.filter((text) => !LEAVES.test(text));
      const below = 'i32.const 1 '.repeat(50);
      const bodies = staying.map((text) => `${below} ${`${text} `.repeat(20)} ${below} ${'drop '.repeat(100)}`);
      for (const [index, { cost }] of measure(await moduleOf(bodies))
        .slice(65)
        .entries()) {
        // What garbage collection takes is not known: an upper bound.
        if (COLLECTED.test(staying[index]!)) expect(cost.height, staying[index]).to.be.at.least(100);
        else expect(cost.height, staying[index]).to.equal(100);
      }
    });
  }

  it('counts locals and operands for each block and branch', async () => {
    const cost = await costOf(`(func (param i64) (local i32 i32)
      i32.const 1 (block (br_if 0 (local.get 1)) (br_if 0 (local.get 2))) drop)`);
    // The block, two branches and its end with three locals and an operand, and the end of the function.
    expect(cost).to.deep.include({ locals: 3, edges: 5, slots: 4 * 4 + 3, nesting: 2, height: 2 });
  });

  it('counts each entry of a branch table as a branch', async () => {
    const cost = await costOf('(func (local i32) (block (block (br_table 0 1 0 1 0 (local.get 0)))))');
    expect(cost).to.deep.include({ tableEntries: 5, edges: 2 + 5 + 3 });
  });

  it('counts calls within a try as branches to its handlers', async () => {
    const body = (block: string): string => `(func $f) (func (local i32) ${block} (call $f) (call $f) end)`;
    const [plain, guarded] = [await costOf(body('block')), await costOf(body('try_table (catch_all 0)'))];
    expect(guarded.edges - plain.edges).to.equal(3);
  });

  it('counts what calls and blocks take and give', async () => {
    const cost = await costOf(`(type $t (func (param i32 i32) (result i32 i32 i32)))
      (func $f (type $t) unreachable)
      (func (result i32 i32 i32) i32.const 1 i32.const 2 (block (type $t) call $f))`);
    expect(cost.values).to.equal(10);
  });

  it('counts what branches take along, to each label that they may lead to', async () => {
    const cost = await costOf(`(type $t (func (result i32 i32 i32))) (tag $e (param i32 i32 i32))
      (func (type $t) (block (result i32) (loop (param) (br_if 0 (i32.const 1)))
        (block (type $t) (br_if 1 (i32.const 1) (i32.const 2)) (br_table 0 0 2 0 (i32.const 1)) ) drop drop) unreachable
        (block (type $t) (try_table (catch $e 0)) unreachable) return)`);
    // To the loop nothing, to the first block one, by the table four times three, by the handler, the return and the end three.
    expect(cost.carried).to.equal(0 + 1 + 12 + 3 + 3 + 3);
  });

  it('counts the blocks around a branch table and a `delegate`', async () => {
    const cost = await costOf(`(func (block (block (br_table 0 1 2 (i32.const 1)))) (block try delegate 0))`);
    // Those of the function counted.
    expect(cost.outer).to.equal(3 + 3);
  });

  it('counts what may be references where garbage may be collected', async () => {
    const cost = await costOf(`(memory 1) (func $f (param i32))
      (func (param i32) (local funcref funcref i64)
        i32.const 1 (call $f (i32.const 2)) (loop) (drop (memory.grow (i32.const 1))) i32.const 1 i32.add drop)`);
    // The parameter, two locals and one operand: at the call, the loop and the growing, whose result is another.
    expect(cost.references).to.equal(4 + 4 + 5);
  });

  it('counts the locals that loops write, and the bytes of loops, for each loop around them', async () => {
    const write = '(local.set 0 (i32.const 1)) (local.set 1 (i32.const 1))';
    const inner = await costOf(`(func (local i32 i32 i32) (loop ${write}))`);
    const outer = await costOf(`(func (local i32 i32 i32) (loop (loop ${write})))`);
    expect(inner.loopSlots).to.equal(2);
    expect(outer.loopSlots).to.equal(4);
    expect(outer.loopBytes).to.be.above(2 * inner.loopBytes);
  });

  it('never counts more locals for a loop than there are', async () => {
    const cost = await costOf(`(func (local i32) (loop ${'(local.set 0 (i32.const 1))'.repeat(100)}))`);
    expect(cost.loopSlots).to.equal(1);
  });

  it('goes on counting in code that cannot be reached', async () => {
    const cost = await costOf('(func (local i32) unreachable drop drop i32.add (block) drop)');
    expect(cost).to.deep.include({ edges: 3, height: 1 });
  });

  it('measures every function of what Rust compiles to', async () => {
    const file = new URL('../vendor/wasm-tools.core.wasm', import.meta.resolve('@bytecodealliance/jco-transpile'));
    const costs = measure(new Uint8Array(await readFile(file))).map(({ cost }) => cost);
    expect(costs).to.have.length.above(1000);
    // LLVM leaves few operands on the stack. One that was counted wrong would add up over a function.
    expect(Math.max(...costs.map(({ height }) => height))).to.be.below(64);
  });
});
