import { expect } from 'chai';
import { transpile } from '../../src/artifact/transpile.ts';
import { rejection } from '../support/outcome.ts';
import { component } from '../support/wat.ts';

const link = (exporter: string, importer: string) => `(component
  (core module $e ${exporter}) (core module $m (import "env" "f" ${importer}))
  (core instance $e (instantiate $e)) (core instance (instantiate $m (with "env" (instance $e)))))`;

const UNFIT: readonly (readonly [what: string, wat: string, message: RegExp])[] = [
  [
    'a core import that nothing provides',
    '(component (core module $m (import "env" "f" (func))) (core instance (instantiate $m)))',
    /missing module instantiation argument named `env`/,
  ],
  ['a core import that the other module lacks', link('', '(func)'), /`env` does not export an item named `f`/],
  [
    'a core function of another type',
    link('(func (export "f") (param i32))', '(func)'),
    /type mismatch for export `f`/,
  ],
  ['a core memory that is too small', link('(memory (export "f") 1)', '(memory 2)'), /mismatch in memory limits/],
  [
    'a component import that nothing provides',
    '(component (component $a (import "x" (func))) (instance (instantiate $a)))',
    /missing import named `x`/,
  ],
  [
    'a function of another type',
    '(component (component $a (import "x" (func (param "p" u32)))) (import "y" (func $y (param "p" string))) (instance (instantiate $a (with "x" (func $y)))))',
    /type mismatch for import `x`: type mismatch in function parameter `p`: expected primitive `u32` found primitive `string`/,
  ],
];

const INVALID: readonly (readonly [what: string, wat: string, message: RegExp])[] = [
  [
    'a function body',
    '(component (core module (func (result i32) (i64.const 0))))',
    /type mismatch: expected i32, found i64/,
  ],
  [
    'a function that is lifted with another type',
    '(component (core module $m (func (export "f") (param i32))) (core instance $i (instantiate $m)) (func (export "f") (canon lift (core func $i "f"))))',
    /lowered parameter types/,
  ],
];

describe('transpile', () => {
  for (const [what, wat, message] of UNFIT) {
    it(`refuses ${what} with ERR_LINK`, async () => {
      const error = await rejection(transpile(await component(wat)));
      expect(error.code).to.equal('ERR_LINK');
      expect(error.message).to.match(
        /^The parts of the component do not fit together: [ -~]+ \(at offset 0x[0-9a-f]+\)$/,
      );
      expect(error.message).to.match(message);
    });
  }

  for (const [what, wat, message] of INVALID) {
    it(`refuses ${what} with ERR_INVALID_COMPONENT`, async () => {
      const error = await rejection(transpile(await component(wat)));
      expect(error.code).to.equal('ERR_INVALID_COMPONENT');
      expect(error.message).to.match(/^The component is not valid: [ -~]+ \(at offset 0x[0-9a-f]+\)$/);
      expect(error.message).to.match(message);
    });
  }

  it('refuses exception handling: a guest could catch what ends its call', async () => {
    const error = await rejection(transpile(await component('(component (core module (tag)))')));
    expect(error.message).to.match(/exceptions proposal not enabled/);
  });
});
