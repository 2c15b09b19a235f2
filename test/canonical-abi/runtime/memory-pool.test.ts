import { expect } from 'chai';
import { MEMORY_IMPORT } from '../../../src/canonical-abi/plan/plan.ts';
import { MemoryPool } from '../../../src/canonical-abi/runtime/memory-pool.ts';
import { fromWat } from '../../component/from-wat.ts';
import { linked } from './support/bindings.ts';

const PAGE_BYTES = 65_536;

describe('MemoryPool', () => {
  let dropped: number[];
  const onDropped = (bytes: number): unknown => dropped.push(bytes);

  beforeEach(() => {
    dropped = [];
  });

  it('lends the memory that it got back, cleared', () => {
    const pool = new MemoryPool({ initial: 2, maximum: 3 }, onDropped);
    const memory = pool.take();
    expect([memory.buffer.byteLength, pool.idle.bytes]).to.deep.equal([2 * PAGE_BYTES, 0]);
    new Uint8Array(memory.buffer).fill(0x53);
    pool.giveBack(memory);
    expect(pool.idle.bytes).to.equal(2 * PAGE_BYTES);
    const again = pool.take();
    expect(again).to.equal(memory);
    expect(new Uint8Array(again.buffer).every((byte) => byte === 0)).to.equal(true);
    expect(pool.idle.bytes).to.equal(0);
  });

  it('drops a memory that has grown, and keeps no more than one', () => {
    const pool = new MemoryPool({ initial: 1, maximum: 3 }, onDropped);
    const [grown, first, second] = [pool.take(), pool.take(), pool.take()];
    grown.grow(1);
    pool.giveBack(grown);
    expect(pool.idle.bytes).to.equal(0);
    pool.giveBack(first);
    pool.giveBack(second);
    expect(pool.idle.bytes).to.equal(PAGE_BYTES);
    expect(dropped).to.deep.equal([2 * PAGE_BYTES, PAGE_BYTES]);
    expect(pool.take()).to.equal(first);
    expect(pool.take()).not.to.be.oneOf([grown, first, second]);
  });

  it('drops a memory that takes long to clear', () => {
    const pool = new MemoryPool({ initial: 129 }, onDropped);
    pool.giveBack(pool.take());
    expect([dropped, pool.idle.bytes]).to.deep.equal([[129 * PAGE_BYTES], 0]);
  });

  it('lets go of the one that it keeps', () => {
    const pool = new MemoryPool({ initial: 1 }, onDropped);
    pool.giveBack(pool.take());
    pool.empty();
    expect([dropped, pool.idle]).to.deep.equal([[PAGE_BYTES], { bytes: 0, memories: 0 }]);
    pool.empty();
    expect(dropped.length).to.equal(1);
  });

  it('clears a memory whose buffer is another one since it grew by nothing', () => {
    const pool = new MemoryPool({ initial: 1 }, onDropped);
    const memory = pool.take();
    new Uint8Array(memory.buffer).fill(0x53);
    pool.giveBack(memory);
    pool.take().grow(0);
    new Uint8Array(memory.buffer).fill(0x53);
    pool.giveBack(memory);
    expect(pool.take()).to.equal(memory);
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).to.equal(true);
  });

  it('serves the instances of a component: each finds its data segments and zeros', async () => {
    const { bytes } = await fromWat(`(component
      (core module $m
        (memory (export "memory") 2)
        (data (i32.const 100) "\\07")
        (func (export "sum") (result i32) (local $at i32) (local $sum i32)
          (loop
            (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get $at) (i32.const ${2 * PAGE_BYTES}))))
          (memory.fill (i32.const 0) (i32.const 0x53) (i32.const ${2 * PAGE_BYTES}))
          (local.get $sum)))
      (core instance $i (instantiate $m))
      (func $sum (result u32) (canon lift (core func $i "sum")))
      (instance $api (export "sum" (func $sum)))
      (export "test:test/api" (instance $api)))`);
    const component = await linked(bytes);
    const lent = new Set<unknown>();
    const sums = Array.from({ length: 20 }, () => {
      const { exports, release } = component.instantiate({}, (module, imports) => {
        lent.add(imports?.[MEMORY_IMPORT]?.[MEMORY_IMPORT]);
        return new WebAssembly.Instance(module, imports);
      });
      const { sum } = exports['test:test/api'] as { sum(): number };
      const first = sum();
      release();
      return first;
    });
    expect(sums).to.deep.equal(Array.from({ length: 20 }, () => 7));
    expect(lent.size).to.equal(1);
    expect([...lent][0]).to.be.instanceOf(WebAssembly.Memory);
    expect(component.idle.bytes).to.equal(2 * PAGE_BYTES);
  });
});
