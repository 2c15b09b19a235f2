import { expect } from 'chai';
import type { KeptBinding } from '../../../src/canonical-abi/runtime/kept-binding.ts';
import { component } from '../../support/wat.ts';
import { direct } from './support/bindings.ts';

/** Makes resources for the host and for itself, and fails on demand. */
const GUEST = `(component
  (type $r' (resource (rep i32)))
  (core func $new (canon resource.new $r'))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "keep") (result i32) (call $new (i32.const 7)))
    (func (export "see") (param i32) (result i32) (local.get 0))
    (func (export "fail") unreachable))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
  (export $r "thing" (type $r'))
  (func (export "make") (param "n" u32) (result (own $r)) (canon lift (core func $i "make")))
  (func (export "see") (param "it" (borrow $r)) (result u32) (canon lift (core func $i "see")))
  (func (export "keep") (result u32) (canon lift (core func $i "keep")))
  (func (export "fail") (canon lift (core func $i "fail"))))`;

describe('keepBinding', () => {
  async function kept() {
    const live = await direct(await component(GUEST));
    const { make, see, keep, fail } = live.exports as Record<string, (...values: unknown[]) => unknown>;
    return { make: make!, see: see!, keep: keep!, fail: fail!, note: () => live.keep() as KeptBinding };
  }

  it('forgets the handles that the guest got since, and has those again that it gave away', async () => {
    const { keep, note } = await kept();
    expect([keep(), keep()]).to.deep.equal([1, 2]);
    const noted = note();
    expect([keep(), keep()]).to.deep.equal([3, 4]);
    noted.rewind();
    expect([keep(), keep()]).to.deep.equal([3, 4]);
  });

  it('has objects of the host be of no use that stand for resources made since', async () => {
    const { make, see, note } = await kept();
    const noted = note();
    const object = make(5) as Disposable;
    expect(see(object)).to.equal(5);
    noted.rewind();
    // Its destructor would run in an instance that does not know it.
    object[Symbol.dispose]();
    expect(see(make(6))).to.equal(6);
    expect(() => see(object)).to.throw(TypeError, /dropped or passed on/);
  });

  it('lets an instance be entered again that has trapped', async () => {
    const { make, see, fail, note } = await kept();
    const noted = note();
    expect(() => fail()).to.throw(/unreachable/);
    expect(() => make(1)).to.throw(/cannot enter/);
    noted.rewind();
    expect(see(make(2))).to.equal(2);
  });
});
