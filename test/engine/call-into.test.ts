import { expect } from 'chai';
import type { PluginEngine } from '../../src/index.ts';
import { guest } from '../fixtures/core-plugin.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { plugin } from '../support/wat.ts';

/** Returns the bytes that it gets; as a `result`, whose error is a number of 64 bits, if there are some. */
const echoes = guest(() =>
  plugin(
    `(module
      (memory (export "memory") 4)
      (global $heap (mut i32) (i32.const 4096))
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
      (func (export "same") (param i32 i32) (result i32)
        (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
      (func (export "some") (param i32 i32) (result i32)
        (i32.store8 (i32.const 32) (i32.eqz (local.get 1)))
        (if (local.get 1)
          (then (i32.store (i32.const 40) (local.get 0)) (i32.store (i32.const 44) (local.get 1)))
          (else (i64.store (i32.const 40) (i64.const 7))))
        (i32.const 32))
      (func (export "length") (param i32 i32) (result i32) (local.get 1)))`,
    'echoes',
    `package local:echoes;
    world echoes {
      export same: func(of: list<u8>) -> list<u8>;
      export some: func(of: list<u8>) -> result<list<u8>, u64>;
      export length: func(of: list<u8>) -> u32;
    }`,
  ),
);

describe("engine.call with a buffer of the caller's own", () => {
  let engine: PluginEngine;
  const call = (name: string, of: Uint8Array, into: Uint8Array): Promise<unknown> =>
    engine.call('echoes', name, [of], { into });

  beforeEach(async () => {
    engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('echoes', await echoes(), { world: 'any' });
  });
  afterEach(closeEngines);

  for (const bytes of [0, 5, 100_000]) {
    it(`puts ${bytes} bytes there, and nothing behind them`, async () => {
      const into = new Uint8Array(new ArrayBuffer(bytes + 9), 1, bytes + 4).fill(9);
      const of = Uint8Array.from({ length: bytes }, (_, index) => index);
      const returned = (await call('same', of, into)) as Uint8Array;
      expect(Buffer.from(returned).equals(of)).to.equal(true);
      expect([returned.buffer === into.buffer, returned.byteOffset]).to.deep.equal([true, 1]);
      expect([...into.subarray(bytes)]).to.deep.equal([9, 9, 9, 9]);
    });
  }

  it('gives an array of its own where the buffer was transferred or made smaller meanwhile', async () => {
    const empty = new Uint8Array();
    const transferred = new Uint8Array(8);
    const first = call('same', empty, transferred);
    structuredClone(transferred.buffer, { transfer: [transferred.buffer] });
    expect(await first).to.deep.equal(empty);
    expect(await call('some', Uint8Array.of(1), transferred)).to.deep.equal({ tag: 'ok', val: Uint8Array.of(1) });
    const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
    const second = call('same', empty, new Uint8Array(buffer, 4));
    buffer.resize(2);
    expect(await second).to.deep.equal(empty);
    expect(engine.status().outstandingBytes).to.equal(0);
  });

  it('takes the ok of a result, and leaves the buffer as it is for an err', async () => {
    const into = new Uint8Array(4).fill(9);
    expect(await call('some', Uint8Array.of(1, 2), into)).to.deep.equal({ tag: 'ok', val: Uint8Array.of(1, 2) });
    expect([...into]).to.deep.equal([1, 2, 9, 9]);
    expect(await call('some', new Uint8Array(), into)).to.deep.equal({ tag: 'err', val: 7n });
    expect([...into]).to.deep.equal([1, 2, 9, 9]);
  });

  it('gives what does not fit in an array of its own', async () => {
    const into = new Uint8Array(2).fill(9);
    const returned = await call('same', Uint8Array.of(1, 2, 3), into);
    expect(returned).to.deep.equal(Uint8Array.of(1, 2, 3));
    expect([...into]).to.deep.equal([9, 9]);
  });

  it('is refused by functions that return no bytes, with JSON, and for what is no array of bytes', async () => {
    const codes = await Promise.all([
      rejection(call('length', new Uint8Array(), new Uint8Array(1))),
      rejection(call('same', new Uint8Array(), [1] as unknown as Uint8Array)),
      rejection(engine.call('echoes', 'same', ['AA=='], { into: new Uint8Array(1), values: 'json' })),
    ]);
    for (const { code, message } of codes) expect([code, message]).to.deep.equal(['ERR_INVALID_ARGUMENT', message]);
    for (const { message } of codes) expect(message).to.include('`into`');
  });
});
