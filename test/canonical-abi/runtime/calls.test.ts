import { expect } from 'chai';
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
});
