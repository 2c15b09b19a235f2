import { expect } from 'chai';
import type { TypeNode } from '../../../src/canonical-abi/plan/plan.ts';
import { CallCodec } from '../../../src/canonical-abi/runtime/calls/call-codec.ts';
import { codecsOf } from '../../../src/canonical-abi/runtime/codecs.ts';
import { Misfit } from '../../../src/canonical-abi/runtime/misfit.ts';
import { PluginError } from '../../../src/errors.ts';
import { component } from '../../support/wat.ts';
import { across } from './support/bindings.ts';

/** A component whose `give` returns two orders, of which the second has a status that there is none of. */
const orders = `(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 0) "\\10\\00\\00\\00\\02\\00\\00\\00")
    (data (i32.const 16) "\\01\\00\\00\\00\\00\\00\\00\\00\\02\\00\\00\\00\\07\\00\\00\\00")
    (func (export "give") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (type $status' (enum "open" "paid"))
  (export $status "status" (type $status'))
  (type $order' (record (field "number" u32) (field "paid-by" $status)))
  (export $order "order" (type $order'))
  (func (export "give") (result (list $order)) (canon lift (core func $i "give") (memory $memory))))`;

describe('calls across threads', () => {
  it('say where a value of the guest is none', async () => {
    const call = await across(await component(orders));
    expect(() => call(undefined, 'give', []))
      .to.throw(PluginError)
      .with.property(
        'message',
        'The plugin broke the canonical ABI: [1].paidBy: a discriminant of 7 where there are 2 cases',
      );
  });

  it('have nothing of another call between their fields', () => {
    const types: TypeNode[] = [
      { kind: 'string' },
      { kind: 'u8' },
      { kind: 'list', element: 1 },
      { kind: 'u64' },
      { kind: 'option', some: 3 },
      { kind: 'list', element: 4 },
    ];
    const codecs = codecsOf(types, 'host');
    const before = new CallCodec(0, { params: [0, 2] }, types, codecs);
    const after = new CallCodec(1, { params: [5] }, types, codecs);
    const secret = 'secret '.repeat(60);
    // The text lies where small calls do before it turns out that all of it goes elsewhere; or that it goes nowhere.
    for (const bytes of [new Uint8Array(40_000), { length: 40_000 }]) {
      try {
        before.encode([secret, bytes]);
      } catch (error) {
        expect(error).to.be.instanceOf(Misfit);
      }
      const { bytes: sent, from, end } = after.encode([Array(20).fill(undefined)]);
      // A pointer and a length, and twenty times nothing, each with room for what is not there.
      expect(end - from).to.equal(8 + 20 * 16);
      expect(sent.subarray(from + 8, end).every((byte) => byte === 0)).to.equal(true);
    }
  });
});
